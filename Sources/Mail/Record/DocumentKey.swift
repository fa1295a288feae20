/// What a document of the trace is found by: the first ten octets of the SHA-256 of its content, as sixteen letters and digits.
///
/// Ten octets: among a million documents two meet with a chance of one in 10^12, and whoever reads a document can compare.
public enum DocumentKey {
    /// Octets of the digest that count.
    public static let octets = 10
    /// Characters of a key.
    public static let length = 16
    /// RFC 4648 §6, in lower case.
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// From a SHA-256 digest; nil for what is too short to be one.
    public static func text(of digest: [UInt8]) -> String? {
        guard digest.count >= octets else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(length)
        for start in stride(from: 0, to: octets, by: 5) {
            let bits = digest[start..<start + 5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            for place in 0..<8 { text.append(alphabet[Int(bits >> UInt64(35 - 5 * place) & 31)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
