public import Mail
public import TLS

// The JSON of the offline checks of `relayctl`. Keys and spellings are a contract; absent values are `null`.

/// A value of a document, written as `null` where there is none.
struct Nullable<Value: Encodable & Sendable & Hashable>: Encodable, Hashable, Sendable {
    let value: Value?

    init(_ value: Value?) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

/// Any answer of an offline check: JSON for programs, text for people, an exit code.
public protocol CheckDocument: Encodable, Sendable {
    /// Exit 0.
    var isGood: Bool { get }
    func text(_ style: TextStyle) -> String
}

/// `relayctl sts lint`
public struct STSLintDocument: CheckDocument {
    let valid: Bool
    let mode: Nullable<String>
    let mx: [String]
    let maxAge: Nullable<Int64>
    let error: Nullable<Fault>
    let warnings: [Fault]

    struct Fault: Encodable, Hashable, Sendable {
        let message: String
        let line: Nullable<Int>

        init(_ fault: STSPolicyFault) {
            message = fault.message
            line = Nullable(fault.line)
        }
    }

    public init(_ lint: STSLint) {
        switch lint.result {
        case .success(let policy):
            valid = true
            mode = Nullable(policy.mode.rawValue)
            mx = policy.patterns.map(\.description)
            maxAge = Nullable(policy.maxAge)
            error = Nullable(nil)
        case .failure(let fault):
            valid = false
            mode = Nullable(nil)
            mx = []
            maxAge = Nullable(nil)
            error = Nullable(Fault(fault))
        }
        warnings = lint.warnings.map(Fault.init)
    }

    public var isGood: Bool { valid }
}

/// `relayctl sts record`
public struct STSRecordDocument: CheckDocument {
    let result: String
    let id: Nullable<String>
    let why: Nullable<String>

    public init(_ reading: RecordReading<STSRecord>) {
        switch reading {
        case .found(let record):
            (result, id, why) = ("ok", Nullable(record.id), Nullable(nil))
        case .none(let words), .failed(let words):
            (result, id, why) = ("none", Nullable(nil), Nullable(words))
        }
    }

    public var isGood: Bool { result == "ok" }
}

/// `relayctl tlsrpt record`
public struct TLSRPTRecordDocument: CheckDocument {
    let result: String
    let rua: [String]
    let why: Nullable<String>

    public init(_ reading: RecordReading<TLSRPTRecord>) {
        switch reading {
        case .found(let record):
            (result, rua) = ("ok", record.rua.map(\.uri))
            why = Nullable(
                record.rua.isEmpty
                    ? "the record is valid, and no report can go to what it names: that takes mailto: or https:" : nil)
        case .none(let words), .failed(let words):
            (result, rua, why) = ("none", [], Nullable(words))
        }
    }

    public var isGood: Bool { result == "ok" }
}

/// `relayctl sts match`
public struct STSMatchDocument: CheckDocument {
    let host: String
    let match: Bool
    let pattern: Nullable<String>
    let mode: Nullable<String>
    /// Why the policy text is none; then nothing matches.
    let error: Nullable<STSLintDocument.Fault>

    public init(_ host: DomainName, policy text: [UInt8]) {
        self.host = host.text
        do throws(STSPolicyFault) {
            let policy = try STSPolicy(parsing: text)
            let pattern = policy.pattern(matching: host)
            match = pattern != nil
            self.pattern = Nullable(pattern?.description)
            mode = Nullable(policy.mode.rawValue)
            error = Nullable(nil)
        } catch {
            match = false
            pattern = Nullable(nil)
            mode = Nullable(nil)
            self.error = Nullable(STSLintDocument.Fault(error))
        }
    }

    public var isGood: Bool { match }
}

/// `relayctl dane check`
public struct DANECheckDocument: CheckDocument {
    let host: String
    let result: String
    let matched: Nullable<PolicyDocument.MatchedRecord>
    let why: Nullable<String>

    /// - Parameter records: those that were checked.
    public init(_ check: DANECheck, host: DomainName, records: [TLSARecord]) {
        self.host = host.text
        switch check {
        case .verified(let record, let depth):
            result = "verified"
            matched = Nullable(PolicyDocument.MatchedRecord(record, depth: depth))
            why = Nullable(nil)
        case .refused(let fault, let words):
            result = "refused"
            matched = Nullable(nil)
            why = Nullable("\(words) (\(fault.resultType.rawValue))")
        case .unusable:
            result = "unusable"
            matched = Nullable(nil)
            let faults = records.compactMap { record -> String? in
                if case .unusable(let fault) = record.usability { "\(record): \(fault)" } else { nil }
            }
            let kinds = "no record of a kind that SMTP can use (RFC 7672 §3.1)"
            why = Nullable(([kinds] + faults).joined(separator: "; "))
        }
    }

    public var isGood: Bool { result == "verified" }
}
