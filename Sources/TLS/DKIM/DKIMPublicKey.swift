import COpenSSL
public import Mail

/// A key as a record's `p=` holds it.
public final class DKIMPublicKey: Sendable {
    public let keyType: DKIMKeyType
    /// Of the modulus; 256 for Ed25519.
    public let bits: Int

    private let key: OwnedKey

    /// Fails with ``TLSError/Kind/peer`` where `octets` are no key of that type.
    ///
    /// For RSA both forms in use are read: SubjectPublicKeyInfo, and the bare RSAPublicKey that RFC 6376 §3.6.1 describes.
    public init(_ keyType: DKIMKeyType, _ octets: [UInt8]) throws(TLSError) {
        do throws(TLSError) {
            switch keyType {
            case .ed25519:
                key = try OwnedKey("EVP_PKEY_new_raw_public_key") {
                    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, octets, octets.count)
                }
            case .rsa:
                key = try OwnedKey("d2i_PUBKEY") { Self.rsaKey(octets) }
            }
        } catch {
            throw TLSError(.peer, code: error.code, text: "it is no \(keyType.rawValue) key (\(error.text))")
        }
        self.keyType = keyType
        bits = Int(EVP_PKEY_get_bits(key.pointer))
    }

    /// The key, where it ends where `octets` end.
    private static func rsaKey(_ octets: [UInt8]) -> OpaquePointer? {
        octets.withUnsafeBufferPointer { buffer in
            var place = buffer.baseAddress
            var key = d2i_PUBKEY(nil, &place, buffer.count)
            if key == nil {
                place = buffer.baseAddress
                key = d2i_PublicKey(EVP_PKEY_RSA, nil, &place, buffer.count)
            }
            guard let key else { return nil }
            guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA, let start = buffer.baseAddress, let place,
                place - start == buffer.count
            else {
                EVP_PKEY_free(key)
                return nil
            }
            return key
        }
    }

    /// True where `signature` is that of `input`, octets of which the SHA-256 is still to be taken.
    public func verify(signature: [UInt8], of input: [UInt8]) throws(TLSError) -> Bool {
        let operation = try KeyOperation()
        switch keyType {
        case .rsa:
            return try operation.verify(signature, of: input, by: key, EVP_sha256())
        case .ed25519:
            // RFC 8463 §3: the SHA-256 is what PureEdDSA signs.
            return try operation.verify(signature, of: try SHA256Digest.digest(of: input), by: key, nil)
        }
    }

    /// The cryptography for ``DKIMVerification/result(of:key:body:verify:)``.
    public static func check(_ record: DKIMKeyRecord, _ signature: [UInt8], _ input: [UInt8]) -> DKIMSignatureCheck {
        let key: DKIMPublicKey
        do throws(TLSError) { key = try DKIMPublicKey(record.keyType, record.publicKey) } catch {
            return .unusableKey(error.text)
        }
        guard key.keyType != .rsa || key.bits >= DKIMVerification.bitsRequired else { return .weakKey(bits: key.bits) }
        do throws(TLSError) {
            return try key.verify(signature: signature, of: input) ? .valid : .invalid
        } catch {
            return .failed(error.text)
        }
    }
}
