import COpenSSL

/// Why a file gives no key, for whoever named it: what it holds instead, and the cure. FILE stands for its path, which the
/// words are prefixed with.
extension DKIMPrivateKey {
    static let making = "relayctl dkim keygen DOMAIN"

    /// - Parameter error: the library's, which knows less.
    static func unreadable(_ octets: UnsafeRawBufferPointer, _ error: TLSError) -> String {
        let labels = labels(octets)
        if labels.contains("ENCRYPTED PRIVATE KEY") || contains(octets, "Proc-Type: 4,ENCRYPTED") {
            return "the key is encrypted, and nobody is asked for its passphrase. A copy without one: "
                + "(umask 077; openssl pkey -in FILE -out NEW)"
        }
        if labels.contains("OPENSSH PRIVATE KEY") {
            return "it is a key of OpenSSH, which is in a form of its own. Make one for DKIM: \(making)"
        }
        if labels.contains(where: { $0.hasSuffix("PRIVATE KEY") }) {
            return "the private key in it is damaged, or cut off. Put the file back as it was made, or make another: "
                + "\(making) (\(error.text))"
        }
        if let label = labels.first {
            let what =
                switch label {
                case _ where label.hasSuffix("PUBLIC KEY"): "a public key, which cannot sign"
                case _ where label.hasSuffix("CERTIFICATE"): "a certificate, which cannot sign"
                case _ where label.hasSuffix("CERTIFICATE REQUEST"): "a request for a certificate, which cannot sign"
                default: "something else in PEM form"
                }
            return "it holds \(what). Name the file of the private key"
        }
        // SEQUENCE (X.690 §8.9): PKCS#8 and PKCS#1 begin so.
        if octets.first == 0x30 {
            return "it is no text in PEM form. If it is a key in DER form, this makes one: "
                + "(umask 077; openssl pkey -inform DER -in FILE -out NEW)"
        }
        return "it holds no private key in PEM form, which has a line -----BEGIN PRIVATE KEY-----. "
            + "Name another file, or make a key: \(making)"
    }

    /// Of a key that can be read, and that DKIM has no algorithm for.
    static func otherKind(of key: OwnedKey) -> String {
        let name =
            switch EVP_PKEY_get_base_id(key.pointer) {
            case EVP_PKEY_EC: "an EC key"
            case EVP_PKEY_ED448: "an Ed448 key"
            case EVP_PKEY_RSA_PSS: "an RSA-PSS key"
            default: "a key of another kind"
            }
        return "it is \(name), and DKIM has RSA and Ed25519 alone. Make one: \(making)"
    }

    /// What stands behind `-----BEGIN `, in its order. No more of the octets becomes a String: they may be secret.
    private static func labels(_ octets: UnsafeRawBufferPointer) -> [String] {
        octets.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let begin = "-----BEGIN ".utf8
            guard line.starts(with: begin) else { return nil }
            let label = line.dropFirst(begin.count).prefix { $0 != UInt8(ascii: "-") }
            return label.allSatisfy { (0x20...0x5A).contains($0) } ? String(decoding: label, as: UTF8.self) : nil
        }
    }

    private static func contains(_ octets: UnsafeRawBufferPointer, _ start: String) -> Bool {
        octets.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: start.utf8) }
    }
}
