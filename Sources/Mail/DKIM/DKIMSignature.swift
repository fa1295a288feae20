/// A DKIM-Signature field as a value (RFC 6376 §3.5). One that exists has all that is required, and says nothing unknown.
public struct DKIMSignature: Hashable, Sendable {
    /// `a=`
    public let algorithm: DKIMAlgorithm
    /// `b=`
    public let signature: [UInt8]
    /// `bh=`, 32 octets.
    public let bodyHash: [UInt8]
    /// `c=`
    public let canonicalization: DKIMCanonicalization
    /// `d=`
    public let signingDomain: DomainName
    /// `s=`
    public let selector: DomainName
    /// `h=`, in lower case and in order; `from` is among them.
    public let names: [String]
    /// `i=`; nil where there is none, which means `@` and ``signingDomain``.
    public let identity: DKIMIdentity?
    /// `l=`; a number beyond any body is the greatest there is.
    public let bodyLength: UInt64?
    /// `t=`
    public let time: WallTime?
    /// `x=`, later than ``time``.
    public let expiry: WallTime?
    /// Where the key record is: `s._domainkey.d` (RFC 6376 §3.6.2.1).
    public let keyName: DomainName

    /// The name of the field.
    public static let fieldName = "DKIM-Signature"

    /// Reads the value of a field: what stands behind the colon. Unknown tags are passed over; of the known ones `z=` is
    /// not looked at, since nothing follows from it.
    public init(parsing value: some Sequence<UInt8>) throws(DKIMFault) {
        let list = try DKIMTagList(Array(value)[...])
        // RFC 6376 §6.1.1: nothing of a version we do not know means what we think.
        let version = try list.required("v")
        guard version.elementsEqual("1".utf8) else {
            throw DKIMFault(.unacceptable, "the version v=\(RecordFields.quoted(version)) is unknown")
        }
        algorithm = try Self.algorithm(try list.required("a"))
        signature = try Self.base64("b", in: list)
        bodyHash = try Self.base64("bh", in: list)
        guard bodyHash.count == Self.hashLength else {
            throw DKIMFault(.syntax, "the body hash bh= has \(bodyHash.count) octets, not \(Self.hashLength)")
        }
        canonicalization = try Self.canonicalization(list["c"]?.value)
        signingDomain = try Self.domain("d", in: list)
        guard signingDomain.isHostName, signingDomain.labels.count > 1 else {
            throw DKIMFault(.syntax, "d=\(signingDomain) is no domain name")
        }
        selector = try Self.domain("s", in: list)
        guard let keyName = Self.keyName(selector, signingDomain) else {
            throw DKIMFault(.unacceptable, "s= and d= make too long a name together")
        }
        self.keyName = keyName
        names = try Self.names(try list.required("h"))
        identity = try list["i"].map { tag throws(DKIMFault) in try DKIMIdentity(tag: tag.value) }
        if let identity, !identity.isCovered(by: signingDomain) {
            throw DKIMFault(.unacceptable, "the domain of i=, \(identity.domain), is not \(signingDomain) or below it")
        }
        bodyLength = try list["l"].map { tag throws(DKIMFault) in try Self.bodyLength(tag.value) }
        time = try list["t"].map { tag throws(DKIMFault) in try Self.time("t", tag.value) }
        expiry = try list["x"].map { tag throws(DKIMFault) in try Self.time("x", tag.value) }
        if let time, let expiry, expiry <= time {
            throw DKIMFault(.unacceptable, "it expires (x=) before it was made (t=)")
        }
        try Self.checkQueryMethods(list["q"]?.value)
    }

    /// `selector._domainkey.signingDomain`; nil where that is too long for a name.
    static func keyName(_ selector: DomainName, _ signingDomain: DomainName) -> DomainName? {
        try? DomainName("\(selector)._domainkey.\(signingDomain)")
    }

    /// The domain that signs for the mail is `domain` in a DKIM-Signature field with that value, whatever else is wrong with
    /// it.
    static func signingDomain(of value: ArraySlice<UInt8>) -> DomainName? {
        guard let tag = (try? DKIMTagList(value))?["d"] else { return nil }
        return try? DomainName(parsing: tag.value)
    }

    /// Octets of `bh=`: SHA-256.
    static let hashLength = 32
}

// Each tag by itself.
extension DKIMSignature {
    private static func algorithm(_ value: ArraySlice<UInt8>) throws(DKIMFault) -> DKIMAlgorithm {
        if let known = DKIMAlgorithm(rawValue: String(decoding: value, as: UTF8.self)) { return known }
        guard !value.elementsEqual("rsa-sha1".utf8) else {
            throw DKIMFault(.historicAlgorithm, "rsa-sha1 is no longer accepted (RFC 8301)")
        }
        throw DKIMFault(.unacceptable, "the algorithm a=\(RecordFields.quoted(value)) is unknown")
    }

    private static func canonicalization(_ value: ArraySlice<UInt8>?) throws(DKIMFault) -> DKIMCanonicalization {
        guard let value else { return .simple }
        guard let known = DKIMCanonicalization(tag: value) else {
            throw DKIMFault(.unacceptable, "the canonicalization c=\(RecordFields.quoted(value)) is unknown")
        }
        return known
    }

    private static func base64(_ name: String, in list: DKIMTagList) throws(DKIMFault) -> [UInt8] {
        guard let octets = Base64.decoded(try list.required(name)) else {
            throw DKIMFault(.syntax, "the value of \(name)= is no base64")
        }
        return octets
    }

    private static func domain(_ name: String, in list: DKIMTagList) throws(DKIMFault) -> DomainName {
        let value = try list.required(name)
        // U-labels may stand here in mail with SMTPUTF8 (RFC 8616 §5). They come as A-labels in all we saw.
        guard value.last != UInt8(ascii: "."), let domain = try? DomainName(parsing: value) else {
            throw DKIMFault(.syntax, "\(name)=\(RecordFields.quoted(value)) is no domain name")
        }
        return domain
    }

    // sig-h-tag = %x68 [FWS] "=" [FWS] hdr-name *( [FWS] ":" [FWS] hdr-name )
    private static func names(_ value: ArraySlice<UInt8>) throws(DKIMFault) -> [String] {
        var names: [String] = []
        for name in DKIMTagList.list(value) {
            guard !name.isEmpty, name.allSatisfy({ (33...126).contains($0) }) else {
                throw DKIMFault(.syntax, "\"\(RecordFields.quoted(name))\" in h= is no name of a field")
            }
            names.append(String(decoding: name.map(ASCII.lowercased), as: UTF8.self))
        }
        guard names.contains("from") else { throw DKIMFault(.unacceptable, "h= does not cover the From field") }
        return names
    }

    // sig-l-tag = %x6c [FWS] "=" [FWS] 1*76DIGIT
    private static func bodyLength(_ value: ArraySlice<UInt8>) throws(DKIMFault) -> UInt64 {
        guard (1...76).contains(value.count), value.allSatisfy(ASCII.isDigit) else {
            throw DKIMFault(.syntax, "l=\(RecordFields.quoted(value)) is no number")
        }
        return ASCII.decimal(value, as: UInt64.self) ?? .max
    }

    // sig-t-tag = %x74 [FWS] "=" [FWS] 1*12DIGIT
    private static func time(_ name: String, _ value: ArraySlice<UInt8>) throws(DKIMFault) -> WallTime {
        guard value.count <= 12, let seconds = ASCII.decimal(value, as: Int64.self) else {
            throw DKIMFault(.syntax, "\(name)=\(RecordFields.quoted(value)) is no time")
        }
        return WallTime(seconds: seconds)
    }

    private static func checkQueryMethods(_ value: ArraySlice<UInt8>?) throws(DKIMFault) {
        guard let value, !DKIMTagList.list(value).contains(where: { $0.elementsEqual("dns/txt".utf8) }) else { return }
        throw DKIMFault(.unacceptable, "no method of q=\(RecordFields.quoted(value)) is known")
    }
}
