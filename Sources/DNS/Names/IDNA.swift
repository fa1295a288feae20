public import Mail

extension DomainName {
    /// Reads a name that may hold U-labels (RFC 5891 §4, UTS 46 non-transitional) into A-labels in lower case.
    public init(idna text: String) throws(IDNAError) {
        do throws(DomainNameError) {
            try self.init(text)
        } catch {
            throw .notADomainName(error)
        }
    }
}

/// Why a text with U-labels is no domain name.
public enum IDNAError: Error, Hashable, Sendable {
    /// Longer than ``IDNA/octetLimit``: not even looked at.
    case tooLong
    /// libidn2's word.
    case refused(String)
    /// The A-labels do not lead back to the U-labels they came from.
    case noRoundTrip
    case notADomainName(DomainNameError)
}
