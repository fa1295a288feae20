extension STSPolicy {
    /// `mx` lines of one policy. Each host of each delivery is held against all of them, and the text limit alone would
    /// let in thirteen thousand; published policies have a handful. Past it the policy is invalid: to drop lines would
    /// be to refuse hosts that the domain has named.
    public static let patternLimit = 1000

    /// Reads a policy text (RFC 8461 §3.2 with errata 6253 and 7282).
    ///
    /// Lines end with LF or CRLF, the last one may lack it, blanks are allowed behind the `:` and at the end of a line
    /// (STS-20). Keys and values are case-sensitive. Unknown keys are ignored, but must be well formed; of `version`,
    /// `mode` and `max_age` the first counts (STS-06). One bad `mx` value makes the whole policy invalid: what a policy
    /// allows must not be guessed from the half of it that could be read. A `max_age` above ``maxAgeLimit`` is capped
    /// (D11).
    ///
    /// Throws the first fault from the top, or else what is missing.
    public init(parsing text: [UInt8]) throws(STSPolicyFault) {
        guard text.count <= Self.textLimit else {
            throw STSPolicyFault("the policy is longer than \(Self.textLimit) octets: shorten it")
        }
        guard !text.isEmpty else { throw STSPolicyFault("the policy is empty") }
        var fields = PolicyFields()
        // A line break at the end of the last line begins no further line.
        let body = text.last == ASCII.lineFeed ? text.dropLast() : text[...]
        let lines = body.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            // At the end of the text a CR is half a line break, and no blank.
            let hasBreak = index + 1 < lines.count || body.count < text.count
            let content = hasBreak && line.last == ASCII.carriageReturn ? line.dropLast() : line
            do throws(FaultyLine) {
                try fields.take(PolicyLine(content))
            } catch {
                throw STSPolicyFault(error.words, line: index + 1)
            }
        }
        try self.init(fields)
    }

    private init(_ fields: PolicyFields) throws(STSPolicyFault) {
        guard fields.hasVersion else { throw STSPolicyFault("the version is missing: add the line \"version: STSv1\"") }
        guard let mode = fields.mode else {
            throw STSPolicyFault("the mode is missing: add the line \"mode: testing\" or \"mode: enforce\"")
        }
        guard let maxAge = fields.maxAge else {
            throw STSPolicyFault("max_age is missing: add the line \"max_age: 604800\" (seconds, here a week)")
        }
        guard mode == .none || !fields.patterns.isEmpty else {
            throw STSPolicyFault("mode \"\(mode.rawValue)\" needs a line \"mx: HOST\" for each MX host of the domain")
        }
        self.init(mode: mode, maxAge: maxAge, patterns: fields.patterns)
    }
}

extension STSPolicyFault: CustomStringConvertible {
    /// `line 3: …`, or the message alone.
    public var description: String {
        if let line { "line \(line): \(message)" } else { message }
    }
}

/// What was read so far.
private struct PolicyFields {
    var hasVersion = false
    var mode: STSPolicy.Mode?
    var maxAge: Int64?
    var patterns: [MXPattern] = []

    /// RFC 8461 §3.2: `1*10(DIGIT)`.
    private static let maxAgeDigits = 10

    mutating func take(_ line: PolicyLine) throws(FaultyLine) {
        let value = line.value
        switch line.key {
        case "version" where !hasVersion:
            guard value.elementsEqual("STSv1".utf8) else {
                throw FaultyLine("the version is \"\(line.quotedValue)\": only \"STSv1\" is known, spelt so")
            }
            hasVersion = true
        case "mode" where mode == nil:
            guard let known = STSPolicy.Mode(rawValue: String(decoding: value, as: UTF8.self)) else {
                throw FaultyLine(
                    "the mode is \"\(line.quotedValue)\": write \"enforce\", \"testing\" or \"none\", in lower case")
            }
            mode = known
        case "max_age" where maxAge == nil:
            guard value.count <= Self.maxAgeDigits, let seconds = ASCII.decimal(value, as: Int64.self) else {
                throw FaultyLine(
                    "max_age is \"\(line.quotedValue)\": write seconds, as a number of at most \(Self.maxAgeDigits) digits"
                )
            }
            maxAge = seconds
        case "mx":
            do throws(STSPolicyFault) {
                patterns.append(try MXPattern(parsing: value))
            } catch {
                throw FaultyLine(error.message)
            }
            guard patterns.count <= STSPolicy.patternLimit else {
                throw FaultyLine("there are more than \(STSPolicy.patternLimit) mx lines: use wildcards")
            }
        default:
            break  // An unknown key, or one that was there before (STS-06).
        }
    }
}

/// `key ":" *WSP value *WSP`, of whatever key.
private struct PolicyLine {
    let key: String
    /// Not empty, neither beginning nor ending with a blank.
    let value: ArraySlice<UInt8>

    var quotedValue: String { RecordFields.quoted(value) }

    init(_ line: ArraySlice<UInt8>) throws(FaultyLine) {
        guard !line.isEmpty else { throw FaultyLine("the line is empty: take it out") }
        guard !line.starts(with: [0xEF, 0xBB, 0xBF]) else {
            throw FaultyLine("the text begins with a byte order mark: save it without one")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw FaultyLine("\"\(RecordFields.quoted(line))\" is no \"key: value\"")
        }
        let name = line[..<colon]
        guard RecordFields.isName(name) else { throw FaultyLine(Self.faultOfName(name)) }
        key = String(decoding: name, as: UTF8.self)
        value = RecordFields.trimmedAtEnd(line[(colon + 1)...].drop(while: ASCII.isBlank))
        guard !value.isEmpty else { throw FaultyLine("\"\(key)\" has no value") }
        // RFC 8461 §3.2 `sts-policy-ext-value`: of the octets below 0x80 those that print, and UTF-8.
        guard value.allSatisfy({ ASCII.isPrintable($0) || $0 >= 0x80 }) else {
            throw FaultyLine("the value of \"\(key)\" holds a tab or a control character")
        }
        guard String(validating: value, as: UTF8.self) != nil else {
            throw FaultyLine("the value of \"\(key)\" is not UTF-8")
        }
    }

    private static func faultOfName(_ name: ArraySlice<UInt8>) -> String {
        if let first = name.first, ASCII.isBlank(first) { return "the line begins with a blank: take it out" }
        if let last = name.last, ASCII.isBlank(last) { return "there is a blank before the \":\": take it out" }
        return "\"\(RecordFields.quoted(name))\" is no key: a key is 1 to \(RecordFields.nameLimit) letters, digits, "
            + "\"_\", \"-\" or \".\", and begins with a letter or digit"
    }
}

/// A fault before its line has a number.
private struct FaultyLine: Error {
    let words: String

    init(_ words: String) {
        self.words = words
    }
}
