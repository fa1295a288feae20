/// A server's answer (RFC 5321 §4.2): received from a remote server, or made to be sent to a client.
public struct Reply: Hashable, Sendable {
    /// 200 to 599.
    public let code: UInt16
    /// The enhanced status code (RFC 2034), where the text of the first line began with one of the code's class.
    public let enhanced: EnhancedStatusCode?
    /// The text of each line without code, separator, enhanced code and line end. At least one, possibly empty.
    public let lines: [String]

    public init(_ code: UInt16, _ enhanced: EnhancedStatusCode? = nil, lines: [String]) {
        self.code = code
        self.enhanced = enhanced
        self.lines = lines
    }

    public init(_ code: UInt16, _ enhanced: EnhancedStatusCode? = nil, _ text: String) {
        self.init(code, enhanced, lines: [text])
    }

    /// 2yz
    public var isPositiveCompletion: Bool { code / 100 == 2 }
    /// 3yz
    public var isPositiveIntermediate: Bool { code / 100 == 3 }
    /// 4yz
    public var isTransientFailure: Bool { code / 100 == 4 }
    /// 5yz
    public var isPermanentFailure: Bool { code / 100 == 5 }
}
