import COpenSSL
import Testing

@testable import Mail
@testable import TLS

/// Signatures by `rsa-sha1`, of which the corpus is full. Nothing accepts them; here they show that header section and body
/// come out in the form that others hash.
enum HistoricSignature {
    /// One signature of `content` is by `rsa-sha1`, and its hash and signature are right.
    static func isRight(in content: [UInt8], _ zone: [String: DKIMKeyLookup]) throws -> Bool {
        let header = HeaderSection(reading: content)
        let body = content[(header.bodyOffset ?? header.end)...]
        for field in header.fields(named: DKIMSignature.fieldName) {
            guard let list = try? DKIMTagList(content[field.value]), let names = list["h"],
                list["a"]?.value.elementsEqual("rsa-sha1".utf8) == true,
                let bodyHash = list["bh"].flatMap({ Base64.decoded($0.value) }),
                let signature = list["b"].flatMap({ Base64.decoded($0.value) }),
                case .records(let texts)? = zone[keyName(list)]
            else { continue }
            let form = list["c"].flatMap { DKIMCanonicalization(tag: $0.value) } ?? .simple
            let limit = list["l"].flatMap { ASCII.decimal($0.value, as: UInt64.self) }
            let record = try DKIMKeyRecord(parsing: texts[0])
            let key = try #require(
                record.publicKey.withUnsafeBufferPointer { buffer in
                    var start = buffer.baseAddress
                    return d2i_PUBKEY(nil, &start, buffer.count)
                })
            let owned = try OwnedKey("d2i_PUBKEY") { key }
            let input =
                DKIMHeaderHash(header, of: content).fields(
                    DKIMTagList.list(names.value).map { String(decoding: $0.map(ASCII.lowercased), as: UTF8.self) },
                    form.header) + DKIMHeaderHash.ownField(content[field.range], form.header)
            if canonical(body, form.body, limit) == bodyHash,
                try KeyOperation().verify(signature, of: input, by: owned, EVP_sha1())
            {
                return true
            }
        }
        return false
    }

    private static func keyName(_ list: DKIMTagList) -> String {
        ["s", "d"].map { String(decoding: list[$0]?.value ?? [], as: UTF8.self) }.joined(separator: "._domainkey.")
    }

    /// SHA-1 of the canonical body.
    private static func canonical(
        _ body: ArraySlice<UInt8>, _ form: DKIMCanonicalization.Form, _ limit: UInt64?
    ) -> [UInt8]? {
        var canonicalizer = DKIMBodyCanonicalizer(form, limit: limit)
        var octets: [UInt8] = []
        Array(body).withUnsafeBytes { canonicalizer.update($0) { octets += $0 } }
        canonicalizer.finish { octets += $0 }
        return CertificateEncoding.digest(octets, by: EVP_sha1())
    }
}
