/// Brings a body that comes in pieces of any size into canonical form (RFC 6376 §3.4.3, §3.4.4; DKIM-11).
///
/// Needs the same little memory for any body: blanks and line breaks that may turn out to be the last are counted, not kept.
/// What stays as it is goes out as slices of the input, by the longest run, but for short ones, which are gathered. A bare CR
/// or LF is an octet like others.
public struct DKIMBodyCanonicalizer: Sendable {
    /// Octets of the canonical form so far; all of them after ``finish(_:)``. Those behind the limit count as well.
    public var length: UInt64 { handed &+ UInt64(pieces.count) }

    private let form: DKIMCanonicalization.Form
    private let limit: UInt64?

    // What is not yet certain, in the order it came: line breaks, then a blank, then a CR without its LF.
    private var breaks: UInt64 = 0
    private var hasBlank = false
    private var hasCR = false

    /// What is certain and not yet handed out.
    private var pieces: [UInt8] = []
    private var handed: UInt64 = 0

    /// - Parameter limit: octets of the canonical form that are handed out, the tag `l=`; nil for all.
    public init(_ form: DKIMCanonicalization.Form, limit: UInt64? = nil) {
        self.form = form
        self.limit = limit
    }

    private var isCertain: Bool { breaks == 0 && !hasBlank && !hasCR }

    /// Takes the next octets of the body and hands out some of what is certain of the canonical form.
    public mutating func update<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var index = 0
        while index < bytes.count {
            let run = advance(in: bytes, from: &index)
            if pieces.count >= Self.pieceLength || !run.isEmpty { try handPieces(emit) }
            if !run.isEmpty { try hand(UnsafeRawBufferPointer(rebasing: bytes[run]), emit) }
        }
    }

    /// The body has ended: hands out the rest. Only ``length`` may be used after that.
    public mutating func finish<Failure: Error>(
        _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        // A CR without its LF is content, and so is all that came before it.
        while hasCR {
            settle()
            try handPieces(emit)
        }
        breaks = 0
        hasBlank = false
        // An empty body is one CRLF in the simple form, and nothing in the relaxed one.
        if form == .simple || length > 0 { breaks = 1 }
        settle()
        try handPieces(emit)
    }

    // The work is done by functions without type parameters, which the compiler can make fast for callers elsewhere.

    /// Goes on from `index` until ``pieces`` are full, or the end is reached, or a long run that stays as it is: that goes out
    /// behind the pieces, without a copy.
    private mutating func advance(in bytes: UnsafeRawBufferPointer, from index: inout Int) -> Range<Int> {
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case ASCII.lineFeed where hasCR:
                breaks &+= 1
                hasCR = false
                hasBlank = false
                index += 1
            case ASCII.carriageReturn where !hasCR:
                hasCR = true
                index += 1
            case ASCII.space where form == .relaxed && !hasCR, ASCII.tab where form == .relaxed && !hasCR:
                hasBlank = true
                index += 1
            default:
                // A CR that is pending here was no line break.
                settle()
                guard isCertain, pieces.count < Self.pieceLength else { return 0..<0 }
                // What made us settle may itself be no content: it is looked at again.
                guard byte != ASCII.carriageReturn, form == .simple || !ASCII.isBlank(byte) else { continue }
                let run = takeRun(of: bytes, from: &index)
                if run.count >= Self.pieceLength { return run }
                pieces += UnsafeRawBufferPointer(rebasing: bytes[run])
                if pieces.count >= Self.pieceLength { return 0..<0 }
            }
        }
        return 0..<0
    }

    /// The longest run from `index` on that stays as it is, without what at its end is not certain, which is noted.
    private mutating func takeRun(of bytes: UnsafeRawBufferPointer, from index: inout Int) -> Range<Int> {
        let start = index
        let stop = form == .simple ? bytes.count : BlankScan.firstSurplus(in: bytes, from: index)
        var end = stop
        if bytes[end - 1] == ASCII.carriageReturn {
            hasCR = true
            end -= 1
        } else if form == .relaxed, bytes[end - 1] == ASCII.space {
            hasBlank = true
            end -= 1
        }
        while end - start >= 2, bytes[end - 1] == ASCII.lineFeed, bytes[end - 2] == ASCII.carriageReturn {
            breaks &+= 1
            end -= 2
        }
        index = stop
        // The run begins with an octet that is certain, so something is left.
        return start..<end
    }

    /// Takes for certain what was not, as far as the pieces have room: something follows it.
    private mutating func settle() {
        while breaks > 0 {
            guard pieces.count < Self.pieceLength else { return }
            pieces.append(ASCII.carriageReturn)
            pieces.append(ASCII.lineFeed)
            breaks -= 1
        }
        if hasBlank { pieces.append(ASCII.space) }
        if hasCR { pieces.append(ASCII.carriageReturn) }
        hasBlank = false
        hasCR = false
    }

    /// Octets that are gathered before they go out: a body full of blanks to be taken away is in pieces of a few octets, and
    /// each `emit` has its price. A few more may come together, for what is settled at once.
    private static let pieceLength = 4096

    private mutating func handPieces<Failure: Error>(
        _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        guard !pieces.isEmpty else { return }
        let octets = pieces
        // Given back below: the memory is used again and again.
        pieces = []
        try octets.withUnsafeBufferPointer { (buffer) throws(Failure) in
            try hand(UnsafeRawBufferPointer(buffer), emit)
        }
        pieces = octets
        pieces.removeAll(keepingCapacity: true)
    }

    private mutating func hand<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let before = handed
        handed &+= UInt64(bytes.count)
        guard let limit else { return try emit(bytes) }
        guard before < limit else { return }
        try emit(UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(min(limit - before, UInt64(bytes.count))))))
    }
}

/// The hash of a canonical body, the tag `bh=`, and the octets it had.
public struct DKIMBodyHash: Hashable, Sendable {
    /// SHA-256, 32 octets.
    public let digest: [UInt8]
    /// Of the whole canonical body, whatever `l=` says.
    public let length: UInt64

    public init(digest: [UInt8], length: UInt64) {
        self.digest = digest
        self.length = length
    }
}
