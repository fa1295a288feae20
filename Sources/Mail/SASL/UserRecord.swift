/// One line of the file of users: `name:{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey`, the last three in base64.
///
/// This is a line of Dovecot's passwd-file; behind the colon stands what `doveadm pw -s SCRAM-SHA-256` prints.
public struct UserRecord: Hashable, Sendable {
    public let name: UserName
    public let verifier: SCRAMVerifier

    /// Octets of a line without its end; the longest record has ``longestRecord``.
    public static let lineLimit = 512
    /// Octets: name, colon, scheme, seven digits, salt, two keys, three commas.
    static let longestRecord = UserName.lengthLimit + 1 + scheme.count + 7 + 88 + 2 * 44 + 3

    static let scheme = Array("{SCRAM-SHA-256}".utf8)

    public init(name: UserName, verifier: SCRAMVerifier) {
        self.name = name
        self.verifier = verifier
    }

    /// The line without its end.
    public var line: [UInt8] {
        var line = name.octets + [UInt8(ascii: ":")] + Self.scheme
        line += "\(verifier.iterations),".utf8
        line += Base64.encoded(verifier.salt) + [UInt8(ascii: ",")]
        line += Base64.encoded(verifier.storedKey) + [UInt8(ascii: ",")]
        return line + Base64.encoded(verifier.serverKey)
    }

    // record = name ":{SCRAM-SHA-256}" iterations "," salt "," stored-key "," server-key
    /// - Parameter line: without its end.
    public init(parsing line: some Collection<UInt8>) throws(UserRecordFault) {
        guard line.count <= Self.lineLimit else { throw .tooLong }
        let line = Array(line)
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .noColon }
        guard let name = UserName(line[..<colon]) else { throw .name }
        let kept = line[(colon + 1)...]
        guard kept.starts(with: Self.scheme) else { throw .scheme }
        let fields = kept.dropFirst(Self.scheme.count)
            .split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count == 4 else { throw .fields }
        guard let iterations = ASCII.decimal(fields[0], as: Int.self), SCRAMVerifier.iterationRange.contains(iterations)
        else { throw .iterations }
        guard let salt = Self.octets(fields[1]), SCRAMVerifier.saltRange.contains(salt.count) else { throw .salt }
        guard let storedKey = Self.octets(fields[2]), let serverKey = Self.octets(fields[3]),
            let verifier = SCRAMVerifier(
                iterations: iterations, salt: salt, storedKey: storedKey, serverKey: serverKey)
        else { throw .keys }
        self.init(name: name, verifier: verifier)
    }

    private static func octets(_ field: ArraySlice<UInt8>) -> [UInt8]? {
        field.allSatisfy { $0 > ASCII.space } ? Base64.decoded(field) : nil
    }
}

/// Why a line is no record of a user. Nothing of the line is in it: a password in clear may stand there.
public enum UserRecordFault: Error, Hashable, Sendable {
    case tooLong
    case noColon
    case name
    /// The scheme in braces is another, or there is none: a password in clear, or another hash.
    case scheme
    case fields
    case iterations
    case salt
    case keys

    /// What is wrong and what helps: the end of a sentence that begins with the path and the line.
    public var words: String {
        let again = "remove the line, then: relayctl user add NAME"
        switch self {
        case .tooLong: return "it has more than \(UserRecord.lineLimit) octets, and no record has; \(again)"
        case .noColon: return "it has no colon: a line is name:{SCRAM-SHA-256}… as relayctl user add makes it"
        case .name:
            return "the name is empty, longer than \(UserName.lengthLimit) octets, no UTF-8, or begins or ends with a "
                + "blank; \(again)"
        case .scheme:
            return "behind the colon does not stand {SCRAM-SHA-256}: no other form of a password is taken, clear text "
                + "least of all; \(again)"
        case .fields: return "behind {SCRAM-SHA-256} belong four fields with commas between; \(again)"
        case .iterations:
            let range = SCRAMVerifier.iterationRange
            return "the iterations are not \(range.lowerBound) to \(range.upperBound); \(again)"
        case .salt:
            let range = SCRAMVerifier.saltRange
            return "the salt is no base64 of \(range.lowerBound) to \(range.upperBound) octets; \(again)"
        case .keys: return "a key is no base64 of \(SCRAMVerifier.keyLength) octets; \(again)"
        }
    }
}
