import ArgumentParser
import Mail
import Relay
import TLS

struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Keeps the users who may log in to send mail.",
        subcommands: [
            UserAddCommand.self, UserListCommand.self, UserRemoveCommand.self, UserCheckCommand.self,
        ])
}

extension UserCommand: CommandGroup {}

/// Which file the users are in.
struct UsersFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The file of users (default: [intake] users_file of the configuration).", valueName: "path"))
    var file: String?

    @OptionGroup var local: LocalOptions

    func validate() throws {
        if file?.isEmpty == true { throw ValidationError("--file is empty") }
        if file != nil, local.config != nil { throw ValidationError("--file and --config exclude each other") }
    }

    func path() throws(Failure) -> String {
        if let file { return file }
        let chosen = try local.configuration()
        guard let path = chosen.value.intake.usersFile else {
            throw Failure(
                .usage,
                "no file of users is named by \(chosen.words): set users_file in [intake], or name it with --file")
        }
        return path
    }

    /// The file, which must be there.
    func load(_ path: String) throws(Failure) -> UsersFile {
        do throws(UsersFileFault) { return try UsersFile.load(path) } catch {
            throw Failure(.usage, error.description)
        }
    }
}

extension Arguments {
    static func userName(_ text: String) throws(Failure) -> UserName {
        guard let name = UserName(text) else {
            throw Failure(
                .usage,
                "\"\(TextStyle.harmless(text))\" is no name of a user: 1 to \(UserName.lengthLimit) octets of text without "
                    + "control characters and colons, not beginning with # or a blank, nor ending with one")
        }
        return name
    }
}

struct UserAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Lets a user log in, or gives one another password.",
        discussion: """
            Asks the password twice, and writes into the file what checks it, not the password. The file is replaced as a whole; \
            relayd takes it from the next login on, and needs no restart. A new file can be read by its owner alone; one that \
            is there keeps owner, group and mode.

            With --json: {"name", "file", "iterations", "replaced", "file_is_new"}.

            Exit codes: 0 done; 64 there is such a user (--replace), the password or the file cannot be used.

            Example: sudo relayctl user add printer@example.org
            """)

    @Argument(help: ArgumentHelp("The user's name, as it will be sent by the client.", valueName: "name"))
    var name: String

    @OptionGroup var file: UsersFileOptions

    @Flag(help: "Read the password from standard input, up to its first line end.")
    var passwordStdin = false

    @Flag(help: "Give a user who is there another password.")
    var replace = false

    @Option(
        help: ArgumentHelp(
            "Rounds of the digest: more make guessing slower, and each login too.", valueName: "number"))
    var iterations = SCRAMVerifier.usualIterations

    func validate() throws {
        let range = SCRAMVerifier.iterationRange
        guard range.contains(iterations) else {
            throw ValidationError("--iterations must be \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func run() throws {
        let user = try Arguments.userName(name)
        let path = try file.path()
        try checkRoom(for: user, path)
        let password = try PasswordEntry.new(fromStandardInput: passwordStdin)
        if !password.isASCII {
            Output.error(
                "relayctl: the password is not of ASCII alone: a client that sends it in another form of Unicode than this "
                    + "terminal cannot log in")
        }
        throw try Output.check(try add(user, password, path), asJSON: file.local.json)
    }

    /// What can be said before a password is asked for.
    private func checkRoom(for user: UserName, _ path: String) throws(Failure) {
        let isKnown: Bool
        do throws(UsersFileFault) { isKnown = try UsersFile.load(path)[user] != nil } catch {
            if error.isAbsent { return }
            throw Failure(.usage, error.description)
        }
        if isKnown, !replace { throw Self.known(user) }
    }

    private static func known(_ user: UserName) -> Failure {
        Failure(.usage, "there is a user \(user) already; for another password: --replace")
    }

    func add(_ user: UserName, _ password: Password, _ path: String) throws(Failure) -> UserAddDocument {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<SCRAMVerifier.usualSaltLength).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let record: UserRecord
        do throws(TLSError) {
            record = UserRecord(
                name: user, verifier: try SCRAM.verifier(for: password, salt: salt, iterations: iterations))
        } catch {
            throw Failure(.unexpected, error.text)
        }
        let (replaced, isNew) = try UsersFile.changed(path) { (users) throws(Failure) in
            let isKnown = users[user] != nil
            if isKnown, !replace { throw Self.known(user) }
            guard isKnown || users.records.count < UsersFile.usersLimit else {
                throw Failure(.usage, "the file has \(UsersFile.usersLimit) users, and no more are taken")
            }
            users.set(record)
            return isKnown
        }
        return UserAddDocument(record, file: path, replaced: replaced, fileIsNew: isNew)
    }
}

extension UsersFile {
    /// `change`, with a failure that has its exit code.
    static func changed<Value>(
        _ path: String, _ body: (inout UsersFile) throws(Failure) -> Value
    ) throws(Failure) -> (value: Value, isNew: Bool) {
        do {
            return try change(path, body)
        } catch let failure as Failure {
            throw failure
        } catch let fault as UsersFileFault {
            throw Failure(.usage, fault.description)
        } catch {
            throw Failure(.unexpected, "\(error)")
        }
    }
}
