import ArgumentParser
import Mail
import Relay
import TLS

struct UserListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Shows who may log in.",
        discussion: """
            With --json: {"file", "users": [{"name", "iterations"}]}.

            Exit codes: 0 there are users; 1 there are none; 64 the file cannot be used.

            Example: sudo relayctl user list
            """)

    @OptionGroup var file: UsersFileOptions

    func run() throws {
        let path = try file.path()
        let document = UserListDocument(try file.load(path).records, file: path)
        throw try Output.check(document, asJSON: file.local.json)
    }
}

struct UserRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Lets a user log in no more.",
        discussion: """
            Holds from the next login on. A session that is open stays so.

            With --json: {"name", "file", "removed"}.

            Exit codes: 0 removed; 1 there is no such user; 64 the file cannot be used.

            Example: sudo relayctl user remove printer@example.org
            """)

    @Argument(help: ArgumentHelp("The user's name.", valueName: "name"))
    var name: String

    @OptionGroup var file: UsersFileOptions

    func run() throws {
        throw try Output.check(try remove(), asJSON: file.local.json)
    }

    func remove() throws(Failure) -> UserRemoveDocument {
        let user = try Arguments.userName(name)
        let path = try file.path()
        // Nothing is written where nothing changes, and no file made.
        guard try file.load(path)[user] != nil else { return UserRemoveDocument(user, file: path, removed: false) }
        let removed = try UsersFile.changed(path) { (users) throws(Failure) in users.remove(user) }.value
        return UserRemoveDocument(user, file: path, removed: removed)
    }
}

struct UserCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Asks a password, and says whether it is the user's.",
        discussion: """
            With --json: {"name", "file", "known", "matches"}.

            Exit codes: 0 it is; 1 it is not, or there is no such user; 64 the file cannot be used.

            Example: sudo relayctl user check printer@example.org
            """)

    @Argument(help: ArgumentHelp("The user's name.", valueName: "name"))
    var name: String

    @OptionGroup var file: UsersFileOptions

    @Flag(help: "Read the password from standard input, up to its first line end.")
    var passwordStdin = false

    func run() throws {
        let user = try Arguments.userName(name)
        let path = try file.path()
        let users = try file.load(path)
        let password = try PasswordEntry.known(fromStandardInput: passwordStdin)
        throw try Output.check(try check(user, password, users, path), asJSON: file.local.json)
    }

    func check(
        _ user: UserName, _ password: Password, _ users: UsersFile, _ path: String
    ) throws(Failure) -> UserCheckDocument {
        do throws(TLSError) {
            let matches = try users[user].map { verifier throws(TLSError) in try SCRAM.matches(password, verifier) }
            return UserCheckDocument(user, file: path, matches: matches)
        } catch {
            throw Failure(.unexpected, error.text)
        }
    }
}
