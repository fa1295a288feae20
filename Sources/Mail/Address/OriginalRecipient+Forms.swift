extension OriginalRecipient {
    /// As ORCPT may carry it to the next host; what came in ASCII goes on as it came (CLI-26). Without SMTPUTF8 octets of
    /// UTF-8 are written as `\x{…}` (RFC 6533 §3), and nil is what that makes longer than ``lengthLimit``.
    func text(inUTF8: Bool) -> String? {
        if inUTF8 { return text }
        let ascii = UnicodeEscapes.escaped(text)
        return ascii.utf8.count <= Self.lengthLimit ? ascii : nil
    }

    /// As `Original-Recipient` has it (RFC 3464 §2.3.1): out of xtext (DSN-07), and of the type `utf-8` out of `\x{…}` where
    /// the field may hold UTF-8, into it where it may not (RFC 6533 §3). What does not come to printable text stays as it came.
    func fieldValue(inUTF8: Bool) -> String {
        let parts = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let type = parts.first, let address = parts.last else { return text }
        if ASCII.equalIgnoringCase(type.utf8, "utf-8".utf8) {
            let form = inUTF8 ? UnicodeEscapes.unescaped(address) : UnicodeEscapes.escaped(address)
            return "\(type); \(form ?? String(address))"
        }
        return "\(type); \(XText.printable(String(address)) ?? String(address))"
    }
}

extension XText {
    /// What it stands for, where that is printable ASCII, as ENVID and ORCPT must be (RFC 3461 §4.2, §4.4).
    static func printable(_ text: String) -> String? {
        guard let octets = decoded(text.utf8), !octets.isEmpty, octets.allSatisfy({ (32...126).contains($0) }) else {
            return nil
        }
        return String(decoding: octets, as: UTF8.self)
    }
}

/// `\x{…}`: characters of an address by their numbers in hexadecimal digits (RFC 6533 §3, EmbeddedUnicodeChar).
enum UnicodeEscapes {
    /// Digits of the longest, `10FFFF`.
    private static let digitLimit = 6

    /// All that is not ASCII by its number.
    static func escaped(_ text: some StringProtocol) -> String {
        var ascii = ""
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                ascii.unicodeScalars.append(scalar)
            } else {
                ascii += "\\x{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
        return ascii
    }

    /// Nil where a backslash begins nothing of the kind, or a number is that of no character or of a control.
    static func unescaped(_ text: some StringProtocol) -> String? {
        var plain = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                plain.append(scalar)
                continue
            }
            guard rest.popFirst() == "x", rest.popFirst() == "{", let end = rest.firstIndex(of: "}") else { return nil }
            let digits = rest[..<end]
            guard (2...digitLimit).contains(digits.count), digits.allSatisfy(\.properties.isASCIIHexDigit),
                let number = UInt32(String(String.UnicodeScalarView(digits)), radix: 16),
                let meant = Unicode.Scalar(number), number >= 0x20, !(0x7F..<0xA0).contains(number)
            else { return nil }
            plain.append(meant)
            rest = rest[end...].dropFirst()
        }
        return String(plain)
    }
}
