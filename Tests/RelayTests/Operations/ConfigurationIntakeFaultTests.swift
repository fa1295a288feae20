import Testing

@testable import Relay

@Suite("Configuration faults of [intake]")
struct ConfigurationIntakeFaultTests {
    /// A listener, and what else must be there for it.
    static let certificate = "tls_certificate = \"/c\"\ntls_key = \"/k\"\n"

    @Test(
        "one fault: place, key, what is wrong, cure",
        arguments: [
            // Values of [intake].
            (
                "[intake]\nlisten = [\"unix:smtp.sock\"]",
                "f:2:11: intake.listen[0]: \"unix:smtp.sock\" is no address with a port (IPv6 in brackets, no names), "
                    + "no unix:/path and no systemd:NAME. Write it like this: [\"127.0.0.1:2525\"]."
            ),
            ("[intake]\nlisten = [\"127.0.0.1:0\"]", "f:2:11: intake.listen[0]: \"127.0.0.1:0\" is no address "),
            ("[intake]\nlisten = [\"systemd:\"]", "f:2:11: intake.listen[0]: \"systemd:\" is no address "),
            ("[intake]\nlisten = [\"systemd:a:b\"]", "f:2:11: intake.listen[0]: \"systemd:a:b\" is no address "),
            (
                "[intake]\nlisten = []",
                "f:2:10: intake.listen: is empty, and there is no [[intake.listener]]. Name an address, such as \"127.0.0.1:2525\"."
            ),
            ("[intake]\nusers_file = \"users\"", "f:2:14: intake.users_file: \"users\" is no absolute path. "),
            (
                "[intake]\nclient_fingerprints = [\"0123\"]",
                "f:2:24: intake.client_fingerprints[0]: \"0123\" is no SHA-256 fingerprint. Write it like this: [\"0123456789abcdef"
            ),
            (
                "[intake]\nxforward_networks = [\"192.0.2.1/24\"]",
                "f:2:22: intake.xforward_networks[0]: \"192.0.2.1/24\" is no network, or has bits set behind"
            ),
            ("[intake]\nproxy_networks = [\"lb.test\"]", "f:2:19: intake.proxy_networks[0]: \"lb.test\" is no network"),
            (
                "[intake]\nqueue_limit = 999",
                "f:2:15: intake.queue_limit: 999 is out of range. Choose a value from 1000 to 100000000."
            ),
            ("[intake]\nqueue_limit = 100_000_001", "f:2:15: intake.queue_limit: 100000001 is out of range. "),
            (
                "[intake]\ncontent_memory = \"999 kB\"",
                "f:2:18: intake.content_memory: 999 kB is out of range. Choose a value from 1 MB to 10 GB."
            ),
            ("[intake]\ncontent_memory = \"11 GB\"", "f:2:18: intake.content_memory: 11 GB is out of range. "),
            ("[intake]\nauth_failure_limit = 0", "f:2:22: intake.auth_failure_limit: 0 is out of range. "),
            ("[intake]\nauth_failure_limit = 101", "f:2:22: intake.auth_failure_limit: 101 is out of range. "),
            (
                "[intake]\nminimum_data_rate = \"0\"",
                "f:2:21: intake.minimum_data_rate: 0 is out of range. Choose a value from 1 B to 10 MB."
            ),
            ("[intake]\nminimum_data_rate = \"11 MB\"", "f:2:21: intake.minimum_data_rate: 11 MB is out of range. "),
            ("[intake]\nstress_percent = 9", "f:2:18: intake.stress_percent: 9 is out of range. "),
            ("[intake]\nstress_percent = 101", "f:2:18: intake.stress_percent: 101 is out of range. "),
            ("[intake]\nstress_timeout = \"500ms\"", "f:2:18: intake.stress_timeout: 500ms is out of range. "),
            (
                "[intake]\nstress_timeout = \"6m\"",
                "f:2:18: intake.stress_timeout: is longer than intake.command_timeout. Choose at most 5m."
            ),
            (
                "[intake]\nmessage_rate = 100",
                "f:2:16: intake.message_rate: must be a text in quotes (rate), but is a number. Write it like this: \"100/1m\"."
            ),
            (
                "[intake]\nrecipient_rate = \"100 a minute\"",
                "f:2:18: intake.recipient_rate: \"100 a minute\" is no rate. Write it like this: \"100/1m\"."
            ),
            ("[intake]\nconnection_rate = \"100/1m/1s\"", "f:2:19: intake.connection_rate: \"100/1m/1s\" is no rate. "),
            ("[intake]\nconnection_rate = \"100/60\"", "f:2:19: intake.connection_rate: \"100/60\" is no rate. "),
            ("[intake]\nconnection_rate = \"-1/1m\"", "f:2:19: intake.connection_rate: \"-1/1m\" is no rate. "),
            (
                "[intake]\nmessage_rate = \"0/1m\"",
                "f:2:16: intake.message_rate: the number of \"0/1m\" is out of range. Choose a value from 1 to 1000000."
            ),
            ("[intake]\nmessage_rate = \"1000001/1m\"", "f:2:16: intake.message_rate: the number of "),
            (
                "[intake]\nmessage_rate = \"1/25h\"",
                "f:2:16: intake.message_rate: the span of \"1/25h\" is out of range. Choose a value from 1s to 1d."
            ),
            (
                "[intake]\nmessage_rate = \"1/1500ms\"",
                "f:2:16: intake.message_rate: the span of \"1/1500ms\" is out of "
            ),
            ("[intake]\nmessage_rate = \"1/0\"", "f:2:16: intake.message_rate: the span of \"1/0\" is out of range. "),
            // A key in the wrong table.
            (
                "[intake]\nsocket_mode = \"0660\"",
                "f:2:1: intake.socket_mode: there is no such key. It belongs in [[intake.listener]]."
            ),
            (
                "[intake.listener]\nlisten = [\"[::1]:25\"]",
                "f:1:9: intake.listener: must be a list of tables, but is a table. Begin each with [[intake.listener]]."
            ),
        ])
    func values(text: String, expected: String) {
        let faults = ConfigurationTests.faults(text)
        #expect(faults.count == 1, "\(faults)")
        #expect(faults.first?.hasPrefix(expected) == true, "\(faults)")
    }

    @Test(
        "one fault of a listener",
        arguments: [
            (
                "", "[[intake.listener]]\nname = \"x\"",
                "f:1:10: intake.listener[0]: has no listen. Add listen = [\"127.0.0.1:2525\"]."
            ),
            ("", "[[intake.listener]]\nlisten = []", "f:2:10: intake.listener[0].listen: must not be empty. "),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\nrol = \"relay\"",
                "f:3:1: intake.listener[0].rol: there is no such key. Did you mean role?"
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\nprotocol = \"esmtp\"",
                "f:3:12: intake.listener[0].protocol: \"esmtp\" is none of \"smtp\", \"lmtp\". "
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\nacknowledge_timeout = \"9s\"",
                "f:3:23: intake.listener[0].acknowledge_timeout: 9s is out of range. Choose a value from 10s to 9m."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\nacknowledge_timeout = \"9m1s\"",
                "f:3:23: intake.listener[0].acknowledge_timeout: 9m1s is out of range. "
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"unix:/s\"]\nsocket_mode = \"660\"",
                "f:3:15: intake.listener[0].socket_mode: \"660\" is no octal number of four digits from 0000 to 0777. "
                    + "Write it like this: \"0660\"."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"unix:/s\"]\nsocket_mode = \"1777\"",
                "f:3:15: intake.listener[0].socket_mode: \"1777\" is no octal number"
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"unix:/s\"]\nsocket_mode = \"0668\"",
                "f:3:15: intake.listener[0].socket_mode: \"0668\" is no octal number"
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"unix:/s\"]\nsocket_group = \"post fix\"",
                "f:3:16: intake.listener[0].socket_group: \"post fix\" is no name of a group. "
            ),
            // Wrong together.
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\ntls = \"implicit\"",
                "f:3:7: intake.listener[0].tls: is \"implicit\", but there is no certificate. "
                    + "Set tls_certificate and tls_key, here or in [intake]."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\ntls = \"required\"",
                "f:3:7: intake.listener[0].tls: is \"required\", but there is no certificate. "
            ),
            (
                "users_file = \"/u\"\n", "[[intake.listener]]\nlisten = [\"[::1]:587\"]\nrole = \"submission\"",
                "f:5:8: intake.listener[0].role: is \"submission\", which demands TLS, but there is no certificate. "
            ),
            (
                certificate, "[[intake.listener]]\nlisten = [\"[::1]:587\"]\nrole = \"submission\"",
                "f:6:8: intake.listener[0].role: is \"submission\", which demands a login, but there are neither users nor "
                    + "client certificates. Set intake.users_file, intake.client_ca_file or intake.client_fingerprints."
            ),
            (
                "\(certificate)users_file = \"/u\"\n",
                "[[intake.listener]]\nlisten = [\"[::1]:587\"]\nrole = \"submission\"\nauth = false",
                "f:8:8: intake.listener[0].auth: is false, but role = \"submission\" demands a login, and no client "
                    + "certificates are known. "
            ),
            (
                "\(certificate)users_file = \"/u\"\n",
                "[[intake.listener]]\nlisten = [\"[::1]:587\"]\nrole = \"submission\"\ntls = \"none\"",
                "f:8:7: intake.listener[0].tls: is \"none\", but role = \"submission\" demands TLS. "
                    + "Set tls = \"implicit\" or \"required\"."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\ntls_certificate = \"/c\"",
                "f:3:19: intake.listener[0].tls_certificate: is set without tls_key. Set both, or none."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\ntls_key = \"/c\"",
                "f:3:11: intake.listener[0].tls_key: is set without tls_certificate. Set both, or none."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\n\(certificate)tls = \"none\"",
                "f:3:19: intake.listener[0].tls_certificate: is set, but tls is \"none\". Remove one of the two."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"[::1]:25\"]\nsocket_mode = \"0660\"",
                "f:3:15: intake.listener[0].socket_mode: is set, but no Unix socket is listened on. Remove it, or listen on "
                    + "\"unix:/path\"; what systemd makes has SocketMode= and SocketGroup= in its unit."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"systemd:smtp\"]\nsocket_group = \"postfix\"",
                "f:3:16: intake.listener[0].socket_group: is set, but no Unix socket is listened on. "
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"127.0.0.1:24\", \"[::1]:25\"]\nprotocol = \"lmtp\"",
                "f:2:27: intake.listener[0].listen[1]: is port 25, where LMTP must not be spoken (RFC 2033 §5). "
                    + "Choose another port, such as 24, or a Unix socket."
            ),
            // The same place twice.
            (
                "listen = [\"[::1]:25\", \"[::1]:25\"]\n", "",
                "f:2:23: intake.listen[1]: [::1]:25 is listened on already, in line 2. Remove one of the two."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"127.0.0.1:2525\"]",
                "f:2:11: intake.listener[0].listen[0]: 127.0.0.1:2525 is listened on already, by default of intake.listen. "
                    + "Write listen = [] in [intake], or choose another one."
            ),
            (
                "", "[[intake.listener]]\nlisten = [\"unix:/s\"]\n[[intake.listener]]\nlisten = [\"unix:/s\"]",
                "f:4:11: intake.listener[1].listen[0]: unix:/s is listened on already, in line 2. Remove one of the two."
            ),
            (
                "listen = [\"unix:/run/waxwing/control.sock\"]\n", "",
                "f:2:11: intake.listen[0]: is the path of control.socket. Give it a path of its own."
            ),
        ])
    func listeners(intake: String, listener: String, expected: String) {
        let head = intake.isEmpty ? "" : "[intake]\n\(intake)"
        let faults = ConfigurationTests.faults("\(head)\(listener)")
        #expect(faults.count == 1, "\(faults)")
        #expect(faults.first?.hasPrefix(expected) == true, "\(faults)")
    }

    @Test(
        "one fault of a client",
        arguments: [
            (
                "[[intake.client]]\nconnections = 5",
                "f:1:10: intake.client[0]: names neither networks nor users nor fingerprints. Add networks = [\"192.0.2.0/24\"], "
            ),
            ("[[intake.client]]\nnetworks = []", "f:2:12: intake.client[0].networks: must not be empty. "),
            (
                "[[intake.client]]\nnetworks = [\"::1\", \"::1/128\"]",
                "f:2:20: intake.client[0].networks[1]: \"::1/128\" is listed twice. Remove it."
            ),
            (
                "[[intake.client]]\nusers = [\"\"]",
                "f:2:10: intake.client[0].users[0]: \"\" is empty, too long, or has "
            ),
            (
                "[[intake.client]]\nfingerprints = [\"certificate:00\"]",
                "f:2:17: intake.client[0].fingerprints[0]: \"certificate:00\" is no SHA-256 fingerprint. "
            ),
            (
                "[[intake.client]]\nusers = [\"a\"]\nsender_domains = [\"*.d.test\"]",
                "f:3:19: intake.client[0].sender_domains[0]: \"*.d.test\" is no domain name. Write it like this: [\"example.org\"]."
            ),
            (
                "[[intake.client]]\nusers = [\"a\"]\nsender_domain = [\"d.test\"]",
                "f:3:1: intake.client[0].sender_domain: there is no such key. Did you mean sender_domains?"
            ),
            (
                "[[intake.client]]\nusers = [\"a\"]\nconnections = 0",
                "f:3:15: intake.client[0].connections: 0 is out of range. "
            ),
            (
                "[[intake.client]]\nusers = [\"a\"]\nconnections = 1001",
                "f:3:15: intake.client[0].connections: is greater than intake.connection_limit. Choose at most 1000."
            ),
            (
                "[[intake.client]]\nusers = [\"a\"]\nrefuse = \"\"",
                "f:3:10: intake.client[0].refuse: \"\" is empty, too long, or has control characters. "
            ),
        ])
    func clients(text: String, expected: String) {
        let faults = ConfigurationTests.faults(text)
        #expect(faults.count == 1, "\(faults)")
        #expect(faults.first?.hasPrefix(expected) == true, "\(faults)")
    }

    @Test("lists of tables: at the limit, and one past it")
    func limits() {
        func listeners(_ count: Int) -> [String] {
            ConfigurationTests.faults(
                (1...count).map { "[[intake.listener]]\nlisten = [\"127.0.0.2:\($0)\"]\n" }.joined())
        }
        #expect(listeners(64).isEmpty)
        #expect(listeners(65).map { $0.hasPrefix("f:1:10: intake.listener: has 65 tables, more than 64. ") } == [true])
        func clients(_ count: Int) -> [String] {
            ConfigurationTests.faults((1...count).map { "[[intake.client]]\nusers = [\"u\($0)\"]\n" }.joined())
        }
        #expect(clients(10_000).isEmpty)
        #expect(
            clients(10_001).map { $0.hasPrefix("f:1:10: intake.client: has 10001 tables, more than 10000. ") } == [true]
        )
    }
}
