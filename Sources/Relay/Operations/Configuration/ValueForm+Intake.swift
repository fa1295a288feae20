import Mail

extension ValueForm<RateLimit> {
    /// The most that can be counted within one span.
    static let countRange = 1...1_000_000
    /// Seconds.
    static let spanRange = 1...86_400

    /// `100/1m`: so many within a span of whole seconds; the empty text for any number.
    static let rate = ValueForm(
        name: "rate",
        range: "\(countRange.lowerBound) to \(countRange.upperBound) within "
            + "\(DurationText.spell(.seconds(spanRange.lowerBound))) to "
            + "\(DurationText.spell(.seconds(spanRange.upperBound))), or empty",
        example: "\"100/1m\"",
        read: { node throws(ValueProblems) in
            guard case .string(let text) = node else { throw .wrongKind("a text in quotes (rate)", node) }
            if text.isEmpty { return .unlimited }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let count = Int(strictly: parts[0]), let span = DurationText.parse(String(parts[1]))
            else {
                throw ValueProblems("\(TOMLText.quoted(text)) is no rate")
            }
            let (seconds, rest) = span.components
            guard countRange.contains(count) else {
                throw .outOfRange("the number of \(TOMLText.quoted(text))", countRange, spell: { "\($0)" })
            }
            guard rest == 0, let seconds = Int(exactly: seconds), spanRange.contains(seconds) else {
                throw .outOfRange(
                    "the span of \(TOMLText.quoted(text))", spanRange, spell: { DurationText.spell(.seconds($0)) })
            }
            guard let rate = Rate(count: count, seconds: seconds) else {
                throw ValueProblems("\(TOMLText.quoted(text)) is no rate")
            }
            return .atMost(rate)
        },
        spell: { limit in
            TOMLText.quoted(limit.rate.map { "\($0.count)/\(DurationText.spell(.seconds($0.seconds)))" } ?? "")
        })
}

extension ValueForm<UInt32> {
    /// `0660`: nine bits in octal, as chmod(1) takes them. In quotes, since a number with a leading zero is no TOML.
    static let fileMode = ValueForm.parsed(
        "rights of a file", range: "\"0000\" to \"0777\"", example: "0660",
        problem: "is no octal number of four digits from 0000 to 0777",
        parse: { text in
            guard text.utf8.count == 4, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
            return UInt32(text, radix: 8).flatMap { $0 <= 0o777 ? $0 : nil }
        },
        spell: { mode in
            let digits = String(mode, radix: 8)
            return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        })
}

extension ValueForm<String> {
    /// Characters of the name of a user or a group (LOGIN_NAME_MAX and useradd(8)).
    static let groupNameLimit = 32

    /// A group as groupadd(8) makes them, or its number.
    static let groupName = ValueForm.parsed(
        "group", range: "its name", example: "postfix", problem: "is no name of a group",
        parse: { isSystemName($0) ? $0 : nil }, spell: { $0 })

    /// A user of the system as useradd(8) makes them.
    static let systemUserName = ValueForm.parsed(
        "user", range: "its name", example: "waxwing", problem: "is no name of a user",
        parse: { isSystemName($0) ? $0 : nil }, spell: { $0 })

    private static func isSystemName(_ text: String) -> Bool {
        (1...groupNameLimit).contains(text.utf8.count) && !text.hasPrefix("-")
            && text.unicodeScalars.allSatisfy { KeyLocator.isBare($0) || $0 == "." || $0 == "$" }
    }

    /// The name of one who logs in: as AUTH can bring it.
    static let userName = ValueForm.parsed(
        "user name", range: "at most \(Credentials.lengthLimit) octets", example: "newsletter",
        problem: "is empty, too long, or has control characters",
        parse: { text in
            let isFit = (1...Credentials.lengthLimit).contains(text.utf8.count)
            return isFit && !text.unicodeScalars.contains(where: LogLine.isUnsafe) ? text : nil
        },
        spell: { $0 })
}

extension ValueForm<RulePattern> {
    /// `example.org`, or `.example.org` for all names below it.
    static let senderDomain = ValueForm.parsed(
        "domain name, or \".\" and a name", example: "example.org", problem: "is no domain name",
        parse: { text in
            let isBelow = text.hasPrefix(".")
            guard let name = DomainName(written: isBelow ? text.dropFirst() : text[...]) else { return nil }
            return isBelow ? .below(name) : .exactly(name)
        },
        spell: { pattern in
            switch pattern {
            case .below(let name): ".\(name)"
            case .any, .exactly, .address: pattern.description
            }
        })
}

extension ValueForm<CertificateFingerprint> {
    static let certificateFingerprint = ValueForm.parsed(
        "fingerprint", range: "64 hexadecimal digits, with or without colons",
        example: String(repeating: "0123456789abcdef", count: 4), problem: "is no SHA-256 fingerprint",
        parse: { Fingerprint.octets(written: $0[...]).flatMap { CertificateFingerprint(octets: $0) } },
        spell: { Fingerprint.digits($0.octets) })
}
