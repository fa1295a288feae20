import Mail
import Testing

@testable import TLS

/// Public keys as strangers publish them.
@Suite struct DKIMPublicKeyTests {
    @Test("DKIM-05 RSA is read as SubjectPublicKeyInfo and as the bare key of RFC 6376 §3.6.1")
    func bare() throws {
        let keys = try TestKeys.shared()
        let spki = keys.rsa.publicKey
        let signature = try keys.rsa.sign([1, 2, 3])
        // SEQUENCE(4) SEQUENCE(2+13) BIT STRING(4 + unused bits): the bare key of 2048 bits begins at 24.
        let bare = Array(spki[24...])
        for octets in [spki, bare] {
            let key = try DKIMPublicKey(.rsa, octets)
            #expect(key.bits == 2048)
            #expect(try key.verify(signature: signature, of: [1, 2, 3]))
            #expect(try !key.verify(signature: signature, of: [1, 2, 4]))
        }
    }

    @Test("what is no key is refused, not trusted")
    func refused() throws {
        let keys = try TestKeys.shared()
        let spki = keys.rsa.publicKey
        for octets in [[], [0x30], [0x30, 0], Array(spki.dropLast()), spki + [0], keys.ed25519.publicKey] {
            #expect(throws: TLSError.self) { try DKIMPublicKey(.rsa, octets) }
        }
        for octets in [[], Array(keys.ed25519.publicKey.dropLast()), keys.ed25519.publicKey + [0], spki] {
            #expect(throws: TLSError.self) { try DKIMPublicKey(.ed25519, octets) }
        }
        let record = DKIMKeyRecord(keyType: .rsa, publicKey: [0x30, 0])
        guard case .unusableKey(let words) = DKIMPublicKey.check(record, [1], [1]) else {
            Issue.record("a key that is none is used")
            return
        }
        #expect(words.hasPrefix("it is no rsa key ("))
    }

    @Test(
        "a signature of any length and content is invalid, and no failure of ours",
        arguments: [0, 1, 63, 64, 65, 255, 256, 257])
    func signatures(_ count: Int) throws {
        let keys = try TestKeys.shared()
        for key in [keys.rsa, keys.ed25519] {
            let record = DKIMKeyRecord(keyType: key.keyType, publicKey: key.publicKey)
            for byte in [0, 1, 0xFF] as [UInt8] {
                #expect(DKIMPublicKey.check(record, [UInt8](repeating: byte, count: count), [1]) == .invalid)
            }
        }
    }

    @Test("keys of strangers with one octet changed never trap, and hardly one verifies")
    func changed() throws {
        let keys = try TestKeys.shared()
        for key in [keys.rsa, keys.ed25519] {
            let signature = try key.sign([1])
            var valid = 0
            for place in key.publicKey.indices {
                for bit in 0..<8 {
                    var octets = key.publicKey
                    octets[place] ^= 1 << UInt8(bit)
                    let record = DKIMKeyRecord(keyType: key.keyType, publicKey: octets)
                    if DKIMPublicKey.check(record, signature, [1]) == .valid { valid += 1 }
                }
            }
            // Octets of the wrapping that DER lets vary, none of the key.
            #expect(valid < 8, "\(key.keyType): \(valid)")
        }
    }
}
