import Testing

@testable import Mail
@testable import TLS

/// The signed message of RFC 8463 Appendix A.
@Suite struct RFC8463Tests {
    /// PKCS#8 of RFC 8410 §7 before the 32 octets of the secret key: "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=".
    private static let ed25519PEM = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----
        """

    private static let rsaPEM = """
        -----BEGIN RSA PRIVATE KEY-----
        MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
        Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
        KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
        AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
        6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
        zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
        6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
        uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
        WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
        WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
        licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
        o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
        uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
        -----END RSA PRIVATE KEY-----
        """

    private static let message = """
        From: Joe SixPack <joe@football.example.com>\r
        To: Suzie Q <suzie@shopping.example.net>\r
        Subject: Is dinner ready?\r
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
        \r
        Hi.\r
        \r
        We lost the game.  Are you hungry yet?\r
        \r
        Joe.\r\n
        """

    private static let ed25519Field = """
        DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r
         d=football.example.com; i=@football.example.com;\r
         q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r
         subject : date : message-id : from : subject : date;\r
         bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
         b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r
         Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n
        """

    private static let rsaField = """
        DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r
         d=football.example.com; i=@football.example.com;\r
         q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r
         date : message-id : from : subject : date;\r
         bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
         b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r
         DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r
         dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n
        """

    private static let zone: [String: DKIMKeyLookup] = [
        "brisbane._domainkey.football.example.com": .records([
            Array("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".utf8)
        ]),
        "test._domainkey.football.example.com": .records([
            Array(
                """
                v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR\
                iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC\
                DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3\
                Ip3G+2kryOTIKT+l/K4w3QIDAQAB
                """.utf8)
        ]),
    ]

    private func key(_ pem: String) throws -> DKIMPrivateKey {
        try DKIMPrivateKey(pem: Array(pem.utf8))
    }

    @Test("DKIM-03 DKIM-05 the public parts of the keys are those of A.2")
    func publicKeys() throws {
        for (pem, name) in [(Self.ed25519PEM, "brisbane"), (Self.rsaPEM, "test")] {
            guard case .records(let texts)? = Self.zone["\(name)._domainkey.football.example.com"] else {
                Issue.record("no record")
                return
            }
            let key = try key(pem)
            let record = try DKIMKeyRecord(parsing: texts[0])
            #expect(record.matches(key.keyType, publicKey: key.publicKey), "DKIM-23")
            #expect(String(decoding: texts[0], as: UTF8.self) == record.text)
        }
    }

    @Test("DKIM-08 both signatures verify")
    func verify() throws {
        let content = Array((Self.ed25519Field + Self.rsaField + Self.message).utf8)
        let results = try DKIMExchange.verify(content, Self.zone)
        #expect(results.map(\.verdict) == [.pass, .pass], "\(results.map(\.words))")
    }

    @Test("DKIM-03 DKIM-08 the field of A.3, signed by the keys of A.1, has the same bh= and b=")
    func sign() throws {
        let content = Array(Self.message.utf8)
        for (pem, field) in [(Self.ed25519PEM, Self.ed25519Field), (Self.rsaPEM, Self.rsaField)] {
            let octets = Array(field.utf8)
            let expected = try DKIMSignature(parsing: octets.dropFirst("DKIM-Signature:".utf8.count))
            let offset = try DKIMSignable(reading: content).bodyOffset
            let body = try DKIMExchange.bodyHash(content[offset...], .relaxed)
            #expect(body.digest == expected.bodyHash)
            // The RFC's own field, not one of our writer: its order and folds are part of what is signed.
            let input =
                DKIMHeaderHash(HeaderSection(reading: content), of: content).fields(expected.names, .relaxed)
                + DKIMHeaderHash.ownField(octets[...], .relaxed)
            #expect(try key(pem).sign(input) == expected.signature)
        }
    }
}
