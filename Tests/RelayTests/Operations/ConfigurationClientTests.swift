import Mail
import Testing

@testable import Relay

@Suite("Clients of the intake")
struct ConfigurationClientTests {
    static let one = String(repeating: "1", count: 64)
    static let two = String(repeating: "2", count: 64)

    static let text = """
        [intake]
        message_rate = "100/1m"
        recipient_rate = "200/1m"
        users_file = "/u"
        [[intake.client]]
        name = "both"
        users = ["ann", "bob"]
        networks = ["192.0.2.0/28", "2001:db8::/32"]
        message_rate = ""
        connections = 7
        [[intake.client]]
        name = "certified"
        fingerprints = ["\(one)"]
        recipient_rate = "5/1s"
        connection_rate = "6/1h"
        [[intake.client]]
        name = "net"
        networks = ["192.0.2.0/24"]
        sender_domains = ["d.test", ".e.test"]
        [[intake.client]]
        name = "ann"
        users = ["ann"]
        [[intake.client]]
        name = "wide"
        networks = ["192.0.0.0/8", "2001:db8::/31"]
        refuse = "not from here"
        """

    static func certificate(_ digits: String) -> ClientCertificate? {
        Fingerprint.octets(written: digits[...]).map {
            ClientCertificate(fingerprint: $0, isVerified: false, subject: "")
        }
    }

    @Test(
        "the first table counts of which all that is given matches",
        arguments: [
            ("192.0.2.3", "ann", nil, "both"),
            ("::ffff:192.0.2.3", "bob", nil, "both"),
            ("2001:db8::9", "ann", one, "both"),
            // Not logged in, or not there: one half is not enough.
            ("192.0.2.3", nil, nil, "net"),
            ("192.0.2.16", "ann", nil, "net"),
            ("192.0.2.3", "eve", nil, "net"),
            ("198.51.100.1", "ann", nil, "ann"),
            ("198.51.100.1", "bob", nil, nil),
            ("192.0.2.3", "eve", one, "certified"),
            ("192.0.2.3", nil, two, "net"),
            ("192.7.0.1", nil, nil, "wide"),
            ("2001:db9::1", nil, nil, "wide"),
            ("2001:dba::1", nil, nil, nil),
            // A Unix socket.
            (nil, nil, nil, nil), (nil, "ann", nil, "ann"), (nil, nil, one, "certified"),
        ] as [(String?, String?, String?, String?)])
    func first(address: String?, user: String?, fingerprint: String?, expected: String?) throws {
        let clients = IntakeClients(try ConfigurationIntakeTests.parse(Self.text))
        let peer = try address.map { Peer.address(try #require(IPAddress($0))) } ?? .local(uid: 0)
        let found = clients.limits(for: peer, user: user, certificate: fingerprint.flatMap(Self.certificate))
        #expect(found.name == expected)
    }

    @Test("what a table leaves out is what [intake] says")
    func inherited() throws {
        let intake = try ConfigurationIntakeTests.parse(Self.text)
        let clients = intake.clients
        let messages = try #require(Rate(count: 100, seconds: 60))
        let recipients = try #require(Rate(count: 200, seconds: 60))
        try #require(clients.count == 5)
        #expect(clients[0] == IntakeClient(name: "both", connections: 7, recipientRate: recipients))
        #expect(
            clients[1]
                == IntakeClient(
                    name: "certified", connections: 50, messageRate: messages,
                    recipientRate: Rate(count: 5, seconds: 1),
                    connectionRate: Rate(count: 6, seconds: 3600)))
        #expect(clients[4].refusal == "not from here")
        let other = IntakeClients(intake).limits(for: .local(uid: nil), user: nil, certificate: nil)
        #expect(other == IntakeClient(connections: 50, messageRate: messages, recipientRate: recipients))
        #expect(intake.asksForCertificates)
    }

    @Test(
        "domains of senders, and the null reverse-path always",
        arguments: [
            ("<>", true), ("<a@d.test>", true), ("<a@D.Test>", true), ("<a@x.d.test>", false), ("<a@e.test>", false),
            ("<a@x.e.test>", true), ("<a@y.x.e.test>", true), ("<a@xe.test>", false), ("<a@[192.0.2.1]>", false),
        ])
    func senders(path: String, isAllowed: Bool) throws {
        let clients = try ConfigurationIntakeTests.parse(Self.text).clients
        let sender = try ReversePath(parsing: Array(path.utf8))
        #expect(ClientTerms(mayRelay: true, senderDomains: clients[2].senderDomains).allows(sender) == isAllowed)
        #expect(ClientTerms(mayRelay: true, senderDomains: clients[3].senderDomains).allows(sender))
    }

    @Test(
        "tables that an earlier one leaves nothing",
        arguments: [
            (["users = [\"a\"]", "users = [\"a\"]"], [1]),
            (["users = [\"a\"]", "users = [\"a\", \"b\"]"], []),
            (["users = [\"a\", \"b\"]", "users = [\"a\"]\nnetworks = [\"::1\"]"], [1]),
            (["users = [\"a\"]\nnetworks = [\"::1\"]", "users = [\"a\"]"], []),
            (
                ["networks = [\"192.0.2.0/25\", \"192.0.2.128/25\"]", "networks = [\"192.0.2.9\", \"192.0.2.200\"]"],
                [1]
            ),
            (["networks = [\"::/0\"]", "networks = [\"192.0.2.9\"]"], []),
            (["networks = [\"0.0.0.0/0\"]", "networks = [\"192.0.2.9\"]", "users = [\"a\"]"], [1]),
            (["fingerprints = [\"\(one)\"]", "fingerprints = [\"\(one)\", \"\(two)\"]"], []),
            (
                [
                    "fingerprints = [\"\(one)\", \"\(two)\"]", "fingerprints = [\"\(two)\"]",
                    "fingerprints = [\"\(one)\"]",
                ], [1, 2]
            ),
        ])
    func unreachable(tables: [String], expected: [Int]) throws {
        let text = tables.map { "[[intake.client]]\n\($0)\n" }.joined()
        #expect(IntakeClients(try ConfigurationIntakeTests.parse(text)).unreachable().map(\.number) == expected)
    }

    @Test("of ten thousand tables only those are looked at that may match")
    func many() {
        var intake = Configuration.Intake()
        intake.writtenClients = (0..<ClientKeys.limit).map { number in
            var client = Configuration.WrittenClient()
            client.name = "\(number)"
            client.networks = [IPNetwork("10.0.\(number >> 8).\(number & 255)")].compactMap { $0 }
            return client
        }
        let clients = IntakeClients(intake)
        for number in [0, 255, 256, ClientKeys.limit - 1] {
            let address = IPAddress.v4(0x0A00_0000 | UInt32(number))
            #expect(clients.limits(for: .address(address), user: "a", certificate: nil).name == "\(number)")
            #expect(clients.candidates(address: address, user: "a", fingerprint: nil) == [number])
        }
        #expect(clients.unreachable().isEmpty)
    }
}
