/// The client's first message (RFC 5802 §7).
struct SCRAMClientFirst: Hashable, Sendable {
    /// What the client says of channel binding (gs2-cbind-flag).
    enum Flag: Hashable, Sendable {
        /// `n`
        case lacks
        /// `y`: the client could, and believes that we cannot.
        case supports
        /// `p=` and the type's name.
        case uses(String)
    }

    let flag: Flag
    /// authzid, where it was given.
    let identity: [UInt8]?
    let name: [UInt8]
    let nonce: [UInt8]
    /// gs2-header, as it came.
    let header: [UInt8]
    /// client-first-message-bare, as it came.
    let bare: [UInt8]
    /// The octets of the channel that the client must repeat.
    private(set) var binding: [UInt8] = []

    /// Octets of the client's nonce; common ones have 24 to 44.
    static let nonceLimit = 256

    // client-first-message = gs2-cbind-flag "," [authzid] "," [reserved-mext ","] username "," nonce ["," extensions]
    init(parsing message: [UInt8]) throws(SASLFault) {
        let parts = message.split(separator: UInt8(ascii: ","), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed }
        flag = try Self.flag(parts[0])
        identity = parts[1].isEmpty ? nil : try Self.saslName(parts[1], attribute: UInt8(ascii: "a"))
        header = Array(message[..<parts[2].startIndex])
        bare = Array(parts[2])
        // > m= ... If a server sees this attribute, it MUST fail.
        if bare.starts(with: "m=".utf8) { throw .unknownExtension }
        let fields = bare.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count >= 2, fields.dropFirst(2).allSatisfy(SCRAMText.isAttribute),
            let nonce = SCRAMText.value(fields[1], of: UInt8(ascii: "r")), SCRAMText.isNonce(nonce),
            nonce.count <= Self.nonceLimit
        else { throw .malformed }
        name = try Self.saslName(fields[0], attribute: UInt8(ascii: "n"))
        self.nonce = Array(nonce)
    }

    func bound(to binding: [UInt8]) -> SCRAMClientFirst {
        var copy = self
        copy.binding = binding
        return copy
    }

    // gs2-cbind-flag = ("p=" cb-name) / "n" / "y"; cb-name = 1*(ALPHA / DIGIT / "." / "-")
    private static func flag(_ text: ArraySlice<UInt8>) throws(SASLFault) -> Flag {
        switch text {
        case [UInt8(ascii: "n")]: return .lacks
        case [UInt8(ascii: "y")]: return .supports
        default:
            guard let type = SCRAMText.value(text, of: UInt8(ascii: "p")), !type.isEmpty,
                type.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
            else { throw .malformed }
            return .uses(String(decoding: type, as: UTF8.self))
        }
    }

    // saslname = 1*(value-safe-char / "=2C" / "=3D")
    private static func saslName(_ field: ArraySlice<UInt8>, attribute: UInt8) throws(SASLFault) -> [UInt8] {
        guard let value = SCRAMText.value(field, of: attribute), !value.isEmpty else { throw .malformed }
        var name: [UInt8] = []
        var rest = value
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "=") else {
                name.append(octet)
                continue
            }
            if rest.starts(with: "2C".utf8) {
                name.append(UInt8(ascii: ","))
            } else if rest.starts(with: "3D".utf8) {
                name.append(UInt8(ascii: "="))
            } else {
                throw .malformed
            }
            rest = rest.dropFirst(2)
        }
        guard SASLText.isText(name) else { throw .malformed }
        return name
    }
}

/// An exchange of SCRAM from the server's first message on.
struct SCRAMDialogue: Sendable {
    let opening: SCRAMClientFirst
    /// The client's nonce and ours.
    let nonce: [UInt8]
    /// server-first-message
    let serverFirst: [UInt8]

    // server-first-message = nonce "," salt "," iteration-count
    init(_ opening: SCRAMClientFirst, serverNonce: [UInt8], _ verifier: SCRAMVerifier) {
        self.opening = opening
        nonce = opening.nonce + serverNonce
        serverFirst =
            Array("r=".utf8) + nonce + Array(",s=".utf8) + Base64.encoded(verifier.salt)
            + Array(",i=\(verifier.iterations)".utf8)
    }

    // client-final-message = channel-binding "," nonce ["," extensions] "," proof
    /// What is to be checked of the client's final message, where all else in it is right.
    func proof(_ message: [UInt8]) throws(SASLFault) -> SCRAMProof {
        let fields = message.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count >= 3, let last = fields.last,
            fields[2..<(fields.count - 1)].allSatisfy(SCRAMText.isAttribute),
            let channel = SCRAMText.octets(fields[0], of: UInt8(ascii: "c")),
            let repeated = SCRAMText.value(fields[1], of: UInt8(ascii: "r")),
            let proof = SCRAMText.octets(last, of: UInt8(ascii: "p")), proof.count == SCRAMVerifier.keyLength
        else { throw .malformed }
        // cbind-input = gs2-header [cbind-data]
        guard channel == opening.header + opening.binding else { throw .channelBinding }
        guard repeated.elementsEqual(nonce) else { throw .nonce }
        let comma = [UInt8(ascii: ",")]
        let withoutProof = message.prefix(max(0, last.startIndex - 1))
        return SCRAMProof(
            authMessage: opening.bare + comma + serverFirst + comma + withoutProof, proof: proof)
    }
}

/// Pieces of the grammar of RFC 5802 §7.
enum SCRAMText {
    /// The value of `attribute=value`, nil for another attribute.
    static func value(_ field: ArraySlice<UInt8>, of attribute: UInt8) -> ArraySlice<UInt8>? {
        field.starts(with: [attribute, UInt8(ascii: "=")]) ? field.dropFirst(2) : nil
    }

    /// The same for a value in base64, which holds no blanks.
    static func octets(_ field: ArraySlice<UInt8>, of attribute: UInt8) -> [UInt8]? {
        guard let text = value(field, of: attribute), text.allSatisfy({ $0 > ASCII.space }) else { return nil }
        return Base64.decoded(text)
    }

    // attr-val = ALPHA "=" value; value = 1*(%x01-2B / %x2D-7F / UTF8-2 / …)
    static func isAttribute(_ field: ArraySlice<UInt8>) -> Bool {
        guard let letter = field.first, ASCII.isLetter(letter), let value = value(field, of: letter) else {
            return false
        }
        return !value.isEmpty && !value.contains(0)
    }

    // printable = %x21-2B / %x2D-7E
    static func isNonce(_ value: ArraySlice<UInt8>) -> Bool {
        !value.isEmpty && value.allSatisfy { $0 > ASCII.space && $0 < 0x7F && $0 != UInt8(ascii: ",") }
    }
}
