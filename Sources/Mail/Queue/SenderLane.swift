/// Whose mail a recipient is in the queue, in one number: what waits for a destination has its turns by this. It lies on
/// disk, so that it means the same for ever.
///
/// From the highest bit: 0; 1 for normal priority, so that ascending order puts high priority first; 1 where the message may
/// go past the TLS policy of its destination (`TLS-Required: No`); 61 bits of a hash of who sends.
///
/// Who sends is the login where there is one. Else it is the domain of the reverse-path with the beginning of its
/// local-part, up to what is neither letter nor `.` nor `_`: `news+ann=a.test@b.test` and `news-4711@b.test` are one, since
/// one sender writes them (VERP), and so are all addresses of one domain that are rewritten by SRS or tagged by BATV. Two
/// senders that share a hash share their turns, and nothing else comes of it.
public struct SenderLane: Hashable, Comparable, Sendable {
    /// Never negative.
    public let value: Int64

    private static let normalBit: Int64 = 1 << 62
    private static let optionalBit: Int64 = 1 << 61
    private static let hashMask: UInt64 = (1 << 61) - 1

    /// - Parameters:
    ///   - login: the name the client logged in with; nil for none.
    ///   - isOptionalTLS: the message may go past the TLS policy of its destination, ``MessageDemand``.
    public init(sender: ReversePath, login: String?, priority: Priority, isOptionalTLS: Bool) {
        var hash = StableHash()
        if let login {
            // The first octet keeps the three kinds apart.
            hash.mix("l".utf8)
            hash.mix(login.utf8)
        } else if case .mailbox(let mailbox) = sender {
            hash.mix("m".utf8)
            hash.mix(mailbox.domain.description.utf8)
            hash.mix("@".utf8)
            hash.mix(mailbox.localPart.utf8.prefix(while: Self.isOfName).lazy.map(ASCII.lowercased))
        } else {
            hash.mix("n".utf8)
        }
        // The three bits that do not fit are folded in, rather than lost.
        let folded = Int64((hash.value ^ hash.value >> 61) & Self.hashMask)
        value = folded | (priority == .normal ? Self.normalBit : 0) | (isOptionalTLS ? Self.optionalBit : 0)
    }

    /// As read from disk.
    public init(value: Int64) {
        self.value = value & .max
    }

    public var priority: Priority { value & Self.normalBit == 0 ? .high : .normal }

    /// The message may go past the TLS policy of its destination.
    public var isOptionalTLS: Bool { value & Self.optionalBit != 0 }

    /// As on disk: high priority first.
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }

    /// UTF-8 has letters only.
    private static func isOfName(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...: true
        case UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}

/// FNV-1a with 64 bits: the same in every process and version, which the library's `Hasher` is not.
struct StableHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func mix(_ octets: some Sequence<UInt8>) {
        for octet in octets {
            value ^= UInt64(octet)
            value &*= 0x100_0000_01B3
        }
    }
}
