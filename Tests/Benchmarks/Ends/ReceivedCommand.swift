/// A command as the sink understands it: just enough to answer.
enum ReceivedCommand: Equatable {
    case hello
    case extendedHello
    case mail
    case recipient
    case data
    /// BDAT (RFC 3030 §2).
    case chunk(octets: Int, isLast: Bool)
    case reset
    case noOperation
    case verify
    case startTLS
    case quit
    case unknown
    /// BDAT with a size that is none: what follows it cannot be told from commands.
    case badChunk

    init(_ head: LineHead) {
        // The verb as one number: one comparison tells it from all others.
        var verb: UInt32 = 0
        for place in 0..<4 { verb = verb << 8 | UInt32(head[place] & 0xDF) }
        let behind = head[4]
        let isWhole = behind == 0 || behind == 0x20
        switch verb {
        case 0x4D41_494C where isWhole: self = .mail
        case 0x5243_5054 where isWhole: self = .recipient
        case 0x4441_5441 where isWhole: self = .data
        case 0x4244_4154 where isWhole: self = Self.chunk(head)
        case 0x4548_4C4F where isWhole: self = .extendedHello
        case 0x4845_4C4F where isWhole: self = .hello
        case 0x5253_4554 where isWhole: self = .reset
        case 0x4E4F_4F50 where isWhole: self = .noOperation
        case 0x5652_4659 where isWhole: self = .verify
        case 0x5155_4954 where isWhole: self = .quit
        case 0x5354_4152 where head.hasWord("STARTTLS"): self = .startTLS
        default: self = .unknown
        }
    }

    private static func chunk(_ head: LineHead) -> ReceivedCommand {
        var place = 5
        guard let octets = head.number(at: &place) else { return .badChunk }
        if place == head.count { return .chunk(octets: octets, isLast: false) }
        return head[place] == 0x20 && head.hasWord("LAST", at: place + 1)
            ? .chunk(octets: octets, isLast: true) : .badChunk
    }
}
