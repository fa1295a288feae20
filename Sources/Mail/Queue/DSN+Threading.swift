extension DSN {
    /// Octets of one message identifier that goes into a notice; a longer one threads nothing.
    public static let messageIDLimit = 255
    /// Identifiers in `References`, the original's own the last: of more the first and the newest are kept.
    public static let referenceLimit = 20

    /// `In-Reply-To` and `References` (RFC 3834 §3.1.6, RFC 5322 §3.6.4), so that the sender's program shows the notice beside
    /// the message it is of; empty where that has no identifier of a plain form.
    var threadingFields: [String] {
        let header = original.header
        guard let own = Self.identifiers(in: header, field: "Message-ID").first else { return [] }
        var chain = Self.identifiers(in: header, field: "References")
        chain.removeAll { $0 == own }
        if chain.count >= Self.referenceLimit {
            chain = chain.prefix(1) + chain.suffix(Self.referenceLimit - 2)
        }
        return ["In-Reply-To: \(own)", "References: \((chain + [own]).joined(separator: " "))"]
    }

    /// msg-id = "<" id-left "@" id-right ">", of printable ASCII without blanks: anything else is passed over, and nothing of it
    /// can end a line.
    private static func identifiers(in header: [UInt8], field name: String) -> [String] {
        guard let field = HeaderSection(reading: header).fields(named: name).first else { return [] }
        var identifiers: [String] = []
        var rest = header[field.value]
        while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
            guard let end = rest[start...].firstIndex(of: UInt8(ascii: ">")) else { break }
            let identifier = rest[start...end]
            if isIdentifier(identifier) { identifiers.append(String(decoding: identifier, as: UTF8.self)) }
            rest = rest[(end + 1)...]
        }
        return identifiers
    }

    private static func isIdentifier(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.dropFirst().dropLast().split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        return text.count <= messageIDLimit && parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { ASCII.isPrintable($0) && $0 != ASCII.space && $0 != UInt8(ascii: "<") }
            }
    }
}

extension DSN.Original {
    /// The header section, and what follows where all of it is here.
    fileprivate var header: [UInt8] {
        switch self {
        case .header(let octets), .whole(let octets): octets
        }
    }
}
