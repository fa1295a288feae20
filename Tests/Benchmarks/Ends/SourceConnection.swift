import CLinux
import Glibc

/// One of a source's sessions. It stays where it is over many connections, and keeps its memory.
struct SourceConnection: ~Copyable {
    /// What a batch ends with before the octets of `tail`: nothing, or a content of which so many octets are out.
    private var contentPlace = 0
    private var contentCount = 0
    /// What differs in the content, for this connection's present message.
    private var head: UnsafeMutablePointer<UInt8>?
    /// Commands, behind the content.
    var tail = OctetBuffer()

    var generation: UInt32 = 0
    var wire: Wire?
    var dialogue = SourceDialogue()
    var reader = ReplyReader()
    var isHandshaking = false
    var isBlocked = false
    var isIdle = false
    /// Something was acknowledged since it was connected: losing it is the server's habit, not its refusal.
    var hasSucceeded = false
    /// An envelope was put off: nothing is sent before the pause has ended.
    var shallPause = false
    /// The message whose content is out, and when it went.
    var current: MessageSupply.Message?
    var contentMoment: UInt64 = 0
    /// The message whose envelope is out, or shall be.
    var next: MessageSupply.Message?
    /// The TLS session to be resumed; an SSL_SESSION of its own.
    var ticket: OpaquePointer?

    init() {}

    deinit {
        free(head)
    }

    var hasOutput: Bool { contentPlace < contentCount || !tail.isEmpty }

    /// The content goes out before the tail.
    mutating func putContent(_ content: SourceContent, _ marker: Marker) {
        if head == nil { head = malloc(content.headCount)?.assumingMemoryBound(to: UInt8.self) }
        guard let head else { return }
        content.writeHead(of: marker, to: head)
        contentPlace = 0
        contentCount = content.octets.count
    }

    /// Nothing is left of what a connection that has ended had to say.
    mutating func clear() {
        contentPlace = 0
        contentCount = 0
        tail.removeAll()
        reader = ReplyReader()
        isHandshaking = false
        isBlocked = false
        hasSucceeded = false
        shallPause = false
        current = nil
        next = nil
    }

    /// Sends as much as the socket takes. False where the connection has ended.
    mutating func flush(_ content: SourceContent, gathering room: UnsafeMutableRawBufferPointer) -> Bool {
        guard let wire else { return false }
        while hasOutput {
            let progress = wire.session == nil ? send(wire, content) : sendRecord(wire, content, room)
            switch progress {
            case .moved(let count): pass(count)
            case .ended: return false
            case .wantsRead, .wantsWrite: return true
            }
        }
        return true
    }

    private mutating func pass(_ count: Int) {
        let ofContent = min(count, contentCount - contentPlace)
        contentPlace += ofContent
        tail.remove(count - ofContent)
    }

    /// Head, shared rest and commands in one write.
    private borrowing func send(_ wire: Wire, _ content: SourceContent) -> Wire.Progress {
        if contentPlace == contentCount { return wire.send(tail.octets) }
        return withPieces(content) { wire.send(pieces: $0) }
    }

    /// TLS wants its octets in a row: a record's worth of them at a time. What could not be sent is gathered again.
    private borrowing func sendRecord(
        _ wire: Wire, _ content: SourceContent, _ room: UnsafeMutableRawBufferPointer
    ) -> Wire.Progress {
        let count = withPieces(content) { pieces in
            var place = 0
            for piece in pieces {
                let taken = min(piece.iov_len, room.count - place)
                if taken > 0, let source = piece.iov_base, let base = room.baseAddress {
                    memcpy(base + place, source, taken)
                }
                place += taken
            }
            return place
        }
        return wire.send(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    /// What is left to be sent, in three pieces, some of them empty.
    private borrowing func withPieces<Value>(
        _ content: SourceContent, _ body: (UnsafeMutableBufferPointer<iovec>) -> Value
    ) -> Value {
        let hasContent = contentPlace < contentCount
        let headLeft = hasContent ? max(0, content.headCount - contentPlace) : 0
        let restPlace = max(content.headCount, contentPlace)
        let restLeft = hasContent ? contentCount - restPlace : 0
        let commands = tail.octets
        return content.octets.withUnsafeBytes { octets in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3) { pieces in
                pieces[0] = iovec(iov_base: head.map { $0 + (headLeft > 0 ? contentPlace : 0) }, iov_len: headLeft)
                pieces[1] = iovec(
                    iov_base: UnsafeMutableRawPointer(
                        mutating: octets.baseAddress.map { $0 + (restLeft > 0 ? restPlace : 0) }),
                    iov_len: restLeft)
                pieces[2] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: commands.baseAddress), iov_len: commands.count)
                return body(pieces)
            }
        }
    }
}
