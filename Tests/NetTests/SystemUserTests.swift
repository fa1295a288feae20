import Foundation
import Glibc
import Testing

@testable import Net

/// Nobody has to be root for these: what a user may do is read from numbers and modes.
@Suite("What a user of the system may do with files")
struct SystemUserTests {
    /// A file below two folders of its own, which are gone with it.
    private final class Tree {
        /// In /tmp itself, where all may pass: $TMPDIR may be closed to others, and is so in `make unit`.
        let root = "/tmp/rights-\(UUID().uuidString)"
        var folder: String { "\(root)/folder" }
        var file: String { "\(folder)/file" }

        init() throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try #require(FileManager.default.createFile(atPath: file, contents: nil))
            try #require(chmod(root, 0o755) == 0 && chmod(folder, 0o755) == 0)
        }

        deinit {
            chmod(folder, 0o700)
            try? FileManager.default.removeItem(atPath: root)
        }
    }

    private static let stranger: UInt32 = 4_000_001

    /// Whose the file is: ours.
    private enum Relation: CaseIterable {
        case owner, group, other

        var user: SystemUser {
            switch self {
            case .owner: SystemUser(name: "no-such-user-here", number: geteuid(), group: stranger)
            case .group: SystemUser(name: "no-such-user-here", number: stranger, group: getegid())
            case .other: SystemUser(name: "no-such-user-here", number: stranger, group: stranger)
            }
        }
    }

    @Test(
        "the first of owner, group and others counts, and no other",
        arguments: [
            (0o600, [true, false, false]), (0o640, [true, true, false]), (0o604, [true, false, true]),
            (0o044, [false, true, true]),
            (0o404, [true, false, true]), (0o000, [false, false, false]), (0o444, [true, true, true]),
            (0o333, [false, false, false]),
        ] as [(mode_t, [Bool])])
    func reading(mode: mode_t, expected: [Bool]) throws {
        let tree = try Tree()
        try #require(chmod(tree.file, mode) == 0)
        #expect(Relation.allCases.map { $0.user.mayRead(tree.file) } == expected)
    }

    @Test(
        "a folder without x for the user lets it read nothing in there",
        arguments: [
            (0o755, [true, true, true]), (0o711, [true, true, true]), (0o710, [true, true, false]),
            (0o700, [true, false, false]),
            (0o744, [true, false, false]), (0o701, [true, false, true]),
        ] as [(mode_t, [Bool])])
    func folder(mode: mode_t, expected: [Bool]) throws {
        let tree = try Tree()
        try #require(chmod(tree.file, 0o444) == 0 && chmod(tree.folder, mode) == 0)
        #expect(Relation.allCases.map { $0.user.mayRead(tree.file) } == expected)
    }

    @Test("a link is as good as the folders on both ways, and one that leads nowhere is no file")
    func link() throws {
        let (tree, closed) = (try Tree(), try Tree())
        let link = "\(tree.folder)/link"
        try #require(chmod(closed.file, 0o444) == 0 && symlink(closed.file, link) == 0)
        #expect(Relation.other.user.mayRead(link) == true)
        try #require(chmod(closed.folder, 0o700) == 0)
        #expect(Relation.other.user.mayRead(link) == false)
        #expect(Relation.owner.user.mayRead(link) == true)
        try #require(unlink(closed.file) == 0)
        #expect(Relation.owner.user.mayRead(link) == nil)
    }

    @Test("a file that is not there is neither open nor closed to anybody")
    func missing() throws {
        let tree = try Tree()
        #expect(Relation.allCases.allSatisfy { $0.user.mayRead("\(tree.folder)/none") == nil })
        #expect(Relation.owner.user.mayRead("") == nil)
    }

    @Test(
        "all that is asked for must be allowed",
        arguments: [
            (.read, 0o400, true), (.write, 0o400, false), (.execute, 0o500, true), (.execute, 0o600, false),
            ([.read, .write], 0o600, true), ([.read, .write], 0o400, false), ([.write, .execute], 0o300, true),
            ([], 0o000, true),
        ] as [(FileAccess, mode_t, Bool)])
    func access(wanted: FileAccess, mode: mode_t, expected: Bool) throws {
        let tree = try Tree()
        try #require(chmod(tree.file, mode) == 0)
        #expect(Relation.owner.user.may(wanted, tree.file) == expected)
    }

    @Test("the groups of this process are those of the system, read once for all who ask")
    func groups() throws {
        var found = [gid_t](repeating: 0, count: 65_536)
        let count = try #require(Int(exactly: getgroups(CInt(found.count), &found)).flatMap { $0 < 0 ? nil : $0 })
        #expect(try ProcessGroups.read() == Array(found.prefix(count)))
    }
}
