/// What the sink says to EHLO.
struct SinkOffer {
    private let clear: [UInt8]
    private let secured: [UInt8]

    init(hasPipelining: Bool = true, hasChunking: Bool = true, hasStartTLS: Bool = false) {
        var keywords = ["8BITMIME", "SIZE 1073741824", "SMTPUTF8"]
        if hasPipelining { keywords.append("PIPELINING") }
        if hasChunking { keywords.append("CHUNKING") }
        secured = Self.reply(keywords)
        clear = Self.reply(hasStartTLS ? ["STARTTLS"] + keywords : keywords)
    }

    func octets(isSecured: Bool) -> [UInt8] {
        isSecured ? secured : clear
    }

    private static func reply(_ keywords: [String]) -> [UInt8] {
        Array(
            (["250-sink"] + keywords.dropLast().map { "250-\($0)" } + ["250 \(keywords.last ?? "sink")"])
                .joined(separator: "\r\n").utf8) + [0x0D, 0x0A]
    }
}

/// The server's side of one connection: octets come in, replies go out. It takes every message from everybody, and keeps
/// nothing of them but the marker.
struct SinkDialogue {
    /// What the connection does once the replies are on their way.
    enum Action: Equatable {
        case goOn, startTLS, close
    }

    /// A content that has come whole.
    struct Arrival: Equatable {
        let marker: Marker?
        let octets: Int
    }

    private enum Mode {
        case command
        case content
        case chunk(left: Int, isLast: Bool)
    }

    private var mode = Mode.command
    private var line = LineHead()
    private var end = ContentEnd()
    private var reader = MarkerReader()
    private var octets = 0
    private(set) var isSecured = false

    static let greeting: StaticString = "220 sink ESMTP\r\n"

    /// After the handshake everything begins anew, but for the greeting (RFC 3207 §4.2).
    mutating func secured() {
        self = SinkDialogue()
        isSecured = true
    }

    /// Takes what has come, in pieces of any size. Octets behind STARTTLS and QUIT are nobody's.
    mutating func take(
        _ chunk: UnsafeRawBufferPointer, offer: borrowing SinkOffer, replies: inout OctetBuffer,
        arrived: (Arrival) -> Void
    ) -> Action {
        var place = 0
        while place < chunk.count {
            switch mode {
            case .command:
                guard line.take(chunk, from: &place) else { return .goOn }
                let action = answer(ReceivedCommand(line), offer, &replies, arrived)
                if action != .goOn { return action }
            case .content:
                let found = end.find(in: chunk, from: place)
                pass(chunk, from: place, to: found ?? chunk.count)
                place = found ?? chunk.count
                if found != nil {
                    mode = .command
                    octets -= ContentEnd.dotLineCount
                    finish(arrived)
                    replies.append("250 2.0.0 Kept\r\n")
                }
            case .chunk(let left, let isLast):
                let taken = min(left, chunk.count - place)
                pass(chunk, from: place, to: place + taken)
                place += taken
                mode = .chunk(left: left - taken, isLast: isLast)
                if taken == left { endChunk(isLast, &replies, arrived) }
            }
        }
        return .goOn
    }

    private mutating func answer(
        _ command: ReceivedCommand, _ offer: borrowing SinkOffer, _ replies: inout OctetBuffer,
        _ arrived: (Arrival) -> Void
    ) -> Action {
        switch command {
        case .mail, .recipient, .reset, .noOperation:
            if command != .recipient { forgetContent() }
            replies.append("250 2.0.0 Ok\r\n")
        case .data:
            forgetContent()
            mode = .content
            replies.append("354 Go on\r\n")
        case .chunk(let octets, let isLast):
            mode = .chunk(left: octets, isLast: isLast)
            // No octet will come that could end it.
            if octets == 0 { endChunk(isLast, &replies, arrived) }
        case .extendedHello:
            replies.append(offer.octets(isSecured: isSecured))
        case .hello:
            replies.append("250 sink\r\n")
        case .verify:
            replies.append("252 2.0.0 Perhaps\r\n")
        case .startTLS:
            replies.append("220 2.0.0 Go on\r\n")
            return .startTLS
        case .quit:
            replies.append("221 2.0.0 Bye\r\n")
            return .close
        case .unknown:
            replies.append("500 5.5.1 What?\r\n")
        case .badChunk:
            replies.append("501 5.5.4 No size\r\n")
            return .close
        }
        return .goOn
    }

    private mutating func pass(_ chunk: UnsafeRawBufferPointer, from start: Int, to end: Int) {
        octets += end - start
        if !reader.hasEnded { reader.read(chunk, from: start, to: end) }
    }

    private mutating func endChunk(
        _ isLast: Bool, _ replies: inout OctetBuffer, _ arrived: (Arrival) -> Void
    ) {
        mode = .command
        if isLast { finish(arrived) }
        replies.append("250 2.0.0 Kept\r\n")
    }

    private mutating func finish(_ arrived: (Arrival) -> Void) {
        arrived(Arrival(marker: reader.marker, octets: octets))
        forgetContent()
    }

    private mutating func forgetContent() {
        reader = MarkerReader()
        octets = 0
    }
}
