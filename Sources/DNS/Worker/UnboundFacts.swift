import CUnbound
import Mail

/// What one `ub_result` says: `rcode`, `nxdomain`, `secure` and `bogus` are four facts, and none stands for another.
struct UnboundFacts: Hashable, Sendable {
    var rcode: Int32 = 0
    var isNameMissing = false
    var isSecure = false
    var isBogus = false
    /// libunbound's words, where validation failed.
    var why: String?
    /// The end of the alias chain in zone file form (`mail.example.`, odd octets escaped).
    var canonicalName: String?
    var timeToLive: Int32 = 0
    var records: [[UInt8]] = []

    /// The finding that follows from these facts. Only NOERROR and NXDOMAIN are answers (SEC-04); everything else is
    /// `failed`, and `bogus` comes before anything the result may hold besides (SEC-05).
    var finding: Finding {
        if isBogus {
            let reason = why ?? "validation failed"
            return Finding(.failed(reason), .bogus, timeToLive: Self.failureTimeToLive)
        }
        let result: Answer.Result
        switch (rcode, records.isEmpty) {
        case (Self.noError, false): result = .records(records)
        case (Self.noError, true) where !isNameMissing: result = .noData
        case (Self.noSuchName, true): result = .noSuchName
        default:
            var reason = Self.words(forCode: rcode)
            if let why { reason += " (\(why))" }
            return .failed(reason, for: Self.failureTimeToLive)
        }
        var name: DomainName?
        if let canonicalName {
            guard let parsed = try? DomainName(canonicalName) else {
                return .failed("its alias leads to a name that is no domain name", for: Self.failureTimeToLive)
            }
            name = parsed
        }
        return Finding(
            result, isSecure ? .secure : .insecure, canonicalName: name,
            timeToLive: UInt32(clamping: timeToLive))
    }

    private static let noError: Int32 = 0
    private static let noSuchName: Int32 = 3
    /// Seconds the daemon may keep a failure: long enough to stop a storm of equal questions, short enough that a zone
    /// that was put right is not held back.
    static let failureTimeToLive: UInt32 = 5

    /// RCODEs by their IANA names (RFC 1035 §4.1.1, RFC 6895 §2.3).
    static func words(forCode rcode: Int32) -> String {
        switch rcode {
        case 1: "FORMERR: the question was not understood"
        case 2: "SERVFAIL: no server gave a usable answer"
        case 4: "NOTIMP: the server does not implement this question"
        case 5: "REFUSED: the server refuses to answer"
        case 6: "YXDOMAIN: the DNAME makes a name that is too long"
        case noError, noSuchName: "an answer that contradicts itself"
        default: "RCODE \(rcode)"
        }
    }
}

extension UnboundFacts {
    /// Reads what libunbound filled in. RDATA of any length, 0 included, is passed on: its reader checks.
    init(_ result: ub_result) {
        rcode = result.rcode
        isNameMissing = result.nxdomain != 0
        isSecure = result.secure != 0
        isBogus = result.bogus != 0
        why = result.why_bogus.map { String(cString: $0) }
        canonicalName = result.canonname.map { String(cString: $0) }
        timeToLive = result.ttl
        guard result.havedata != 0, let items = result.data, let lengths = result.len else { return }
        // > a list of network order DNS rdata items, terminated with a NULL pointer (unbound.h)
        var index = 0
        while let item = items[index] {
            let octets = UnsafeRawBufferPointer(start: item, count: max(0, Int(lengths[index])))
            records.append(Array(octets))
            index += 1
        }
    }
}
