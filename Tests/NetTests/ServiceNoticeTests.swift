import Glibc
import Testing

@testable import Net

@Suite("What a service manager is told")
struct ServiceNoticeTests {
    /// A manager's socket.
    private final class Manager {
        let descriptor: CInt
        let path: [UInt8]

        init(_ path: [UInt8]) throws {
            self.path = path
            descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            let length = 2 + path.count + (path.first == 0 ? 0 : 1)
            let code = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
            }
            try #require(code == 0)
        }

        deinit {
            close(descriptor)
            if path.first != 0 { unlink(String(decoding: path, as: UTF8.self)) }
        }

        func heard() -> String {
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            return count < 0 ? "" : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    private static func name() -> String { "waxwing-notice-\(UInt64.random(in: 0 ... .max))" }

    @Test("Over a path and over a name without a file")
    func sent() throws {
        let name = Self.name()
        for (path, variable) in [(Array("/tmp/\(name)".utf8), "/tmp/\(name)"), ([0] + Array(name.utf8), "@\(name)")] {
            let manager = try Manager(path)
            let notices = try #require(ServiceNotices(["NOTIFY_SOCKET": variable], process: 1))
            #expect(notices.watchdog == nil)
            for (notice, text) in [
                (.ready, "READY=1"), (.alive, "WATCHDOG=1"),
                (.status("3 wait\nREADY=1"), "STATUS=3 wait"),
                (.status(String(repeating: "x", count: 201)), "STATUS=" + String(repeating: "x", count: 200)),
            ] as [(ServiceNotices.Notice, String)] {
                #expect(notices.send(notice))
                #expect(manager.heard() == text)
            }
            #expect(notices.send(.reloading))
            #expect(manager.heard().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
            #expect(notices.send(.stopping))
            #expect(manager.heard() == "STOPPING=1")
            // It is the last word.
            #expect(!notices.send(.alive) && !notices.send(.stopping))
            #expect(manager.heard().isEmpty)
        }
    }

    @Test("Nobody there: nothing is sent, and nothing breaks")
    func nobody() throws {
        let notices = try #require(ServiceNotices(["NOTIFY_SOCKET": "/tmp/\(Self.name())"], process: 1))
        #expect(!notices.send(.ready))
    }

    @Test(
        "What the environment says",
        arguments: [
            ([:], false, nil), (["NOTIFY_SOCKET": ""], false, nil), (["NOTIFY_SOCKET": "vsock:2:1"], false, nil),
            (["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 106)], true, nil),
            (["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 107)], false, nil),
            (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "30000000"], true, .seconds(30)),
            (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"], true, .seconds(30)),
            (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], true, nil),
            (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "-1"], true, nil),
            (["NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "99999999999999999999"], true, nil),
        ] as [([String: String], Bool, Duration?)])
    func environment(variables: [String: String], isThere: Bool, watchdog: Duration?) {
        let notices = ServiceNotices(variables, process: 7)
        #expect((notices != nil) == isThere)
        #expect(notices?.watchdog == watchdog)
    }
}
