/// Matching types by strength (RFC 7671 §9).
public struct DigestOrder: Hashable, Sendable {
    /// Strongest first; a digest that is not listed ranks below all that are.
    public let matchingTypes: [UInt8]

    public init(_ matchingTypes: [UInt8]) {
        self.matchingTypes = matchingTypes
    }

    /// SHA2-512 over SHA2-256 (RFC 7671 §9).
    public static let standard = DigestOrder([2, 1])
}
