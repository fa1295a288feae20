/// Renders replies for the wire (RFC 5321 §4.2, RFC 2034 §4).
public enum ReplyWriter {
    /// RFC 5321 §4.5.3.1.5: octets of a reply line with its CRLF.
    public static let lineLimit = 512

    /// Appends `reply` to `bytes`: the code on each line, the enhanced code on each line where there is one, nothing but
    /// printable ASCII, no line above the limit.
    public static func append(_ reply: Reply, to bytes: inout [UInt8]) {
    }
}
