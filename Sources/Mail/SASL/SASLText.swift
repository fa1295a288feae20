/// Text as SASL sends it.
enum SASLText {
    /// UTF-8 without control characters: NUL (RFC 4616 §2), and all that RFC 4013 §2.3 forbids below U+00A0.
    static func isText(_ octets: some Collection<UInt8>) -> Bool {
        if octets.allSatisfy(ASCII.isPrintable) { return true }
        guard let text = String(validating: octets, as: UTF8.self) else { return false }
        return text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
