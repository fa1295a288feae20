import CIDN2
public import Mail

extension DomainName {
    /// Reads a name that may hold U-labels (RFC 5891 §5, UTS 46 non-transitional) into A-labels in lower case, without the
    /// final dot.
    ///
    /// This is the one place where names of people become names of the program: full-width and ideographic dots (U+3002
    /// and its kin) become dots here and nowhere else, and what comes out leads back to what went in (CVE-2019-12290).
    public init(idna text: some StringProtocol) throws(IDNAError) {
        // Length first: mapping and normalising cost more than linear time (CVE-2024-3651).
        if text.utf8.count > IDNA.octetLimit { throw .tooLong }
        if text.utf8.contains(0) { throw .refused("a NUL octet") }
        // All ASCII and no A-label: nothing to map. Underscores are owner names of TXT and TLSA, which IDNA does not know.
        let isPlain = text.utf8.allSatisfy { $0 < 0x80 } && !IDNA.holdsALabel(text)
        let ascii = isPlain ? String(text) : try IDNA.ascii(String(text))
        do throws(DomainNameError) {
            try self.init(ascii)
        } catch {
            throw .notADomainName(error)
        }
        if !isPlain { try IDNA.checkRoundTrip(self) }
    }
}

/// Why a text with U-labels is no domain name.
public enum IDNAError: Error, Equatable, Sendable {
    /// Longer than ``IDNA/octetLimit``: not even looked at.
    case tooLong
    /// libidn2's words.
    case refused(String)
    /// The A-labels do not lead back to themselves by way of their U-labels.
    case noRoundTrip
    case notADomainName(DomainNameError)
}

/// Internationalized domain names, by libidn2.
public enum IDNA {
    /// Octets of UTF-8 taken: a name of 253 characters has at most 4 octets for each of its U-label's characters, and a
    /// final dot.
    public static let octetLimit = 4 * DomainName.lengthLimit + 4

    /// Without IDN2_USE_STD3_ASCII_RULES on purpose: tried with 2.3.3, that flag does not refuse `ü/x` but drops the slash,
    /// and another name comes out. What may stand in a name is checked here instead.
    private static let flags = Int32(IDN2_NONTRANSITIONAL.rawValue) | Int32(IDN2_NFC_INPUT.rawValue)

    fileprivate static func holdsALabel(_ text: some StringProtocol) -> Bool {
        text.split(separator: ".").contains { $0.lowercased().hasPrefix("xn--") }
    }

    /// The corresponding C function is `idn2_to_ascii_8z`.
    fileprivate static func ascii(_ text: String) throws(IDNAError) -> String {
        try call { idn2_to_ascii_8z(text, &$0, flags) }
    }

    /// Every A-label must be what its U-label encodes to.
    fileprivate static func checkRoundTrip(_ name: DomainName) throws(IDNAError) {
        // No U-label holds one (RFC 5892 §2.6), and full-width ones are mapped to it.
        if name.text.contains("_") { throw .refused("an underscore in an internationalized name") }
        let unicode = try call { idn2_to_unicode_8z8z(name.text, &$0, 0) }
        let again = try ascii(unicode)
        if again != name.text { throw .noRoundTrip }
    }

    private static func call(
        _ body: (inout UnsafeMutablePointer<CChar>?) -> Int32
    ) throws(IDNAError) -> String {
        var output: UnsafeMutablePointer<CChar>?
        let code = body(&output)
        defer { idn2_free(output) }
        guard code == Int32(IDN2_OK.rawValue), let output else {
            throw .refused(String(cString: idn2_strerror(code)))
        }
        return String(cString: output)
    }
}
