import Glibc
import Testing

@testable import Net

@Suite("What each thread may do")
struct ThreadRightsTests {
    private static func status(
        uid: String = "65534\t65534\t65534\t65534", gid: String = "100\t100\t100\t100",
        effective: String = "0000000000000000",
        permitted: String = "0000000000000000"
    ) -> String {
        """
        Name:\trelayd
        Tgid:\t7
        Uid:\t\(uid)
        Gid:\t\(gid)
        Groups:\t
        CapInh:\t0000000000000000
        CapPrm:\t\(permitted)
        CapEff:\t\(effective)
        CapBnd:\t000001ffffffffff

        """
    }

    @Test("One that is the user in every way, with no capability")
    func own() {
        #expect(ThreadRights.isOnly(65534, 100, status: Self.status()))
    }

    @Test(
        "One that is root in any way, or has a capability left, or of which that is not known",
        arguments: [
            status(uid: "0\t65534\t65534\t65534"), status(uid: "65534\t0\t65534\t65534"),
            status(uid: "65534\t65534\t0\t65534"), status(uid: "65534\t65534\t65534\t0"),
            status(gid: "100\t100\t0\t100"), status(effective: "000001fffeffffff"),
            status(permitted: "0000000000000400"), status(effective: ""), status(effective: "none"),
            status(uid: "65534"), status(uid: "65534\t65534\t65534\tx"), "", "Uid", "Uid:\nGid:\nCapEff:\nCapPrm:\n",
        ])
    func stranger(status: String) {
        #expect(!ThreadRights.isOnly(65534, 100, status: status))
    }

    @Test("The threads of this process are read: none of them is a user that nobody is")
    func read() throws {
        #expect(try ThreadRights.stranger(to: 4_000_000_001, 4_000_000_001) != nil)
    }
}
