public import Mail

// The JSON of `relayctl user`. No verifier is in it: with one, passwords can be tried.

/// `relayctl user add`
public struct UserAddDocument: CheckDocument {
    let name: String
    let file: String
    let iterations: Int
    /// There was such a user, who has another password now.
    let replaced: Bool
    /// The file was made.
    let fileIsNew: Bool

    public init(_ record: UserRecord, file: String, replaced: Bool, fileIsNew: Bool) {
        name = record.name.text
        self.file = file
        iterations = record.verifier.iterations
        self.replaced = replaced
        self.fileIsNew = fileIsNew
    }

    public var isGood: Bool { true }

    public func text(_ style: TextStyle) -> String {
        let done = replaced ? "\(name) has a new password" : "\(name) may log in"
        var text = style.paint(TextStyle.harmless(done), .bold) + "\n"
        text += style.field("file", TextStyle.harmless(file) + (fileIsNew ? " (new)" : ""), width: 12, indent: 2)
        text += style.field("iterations", "\(iterations)", width: 12, indent: 2)
        if fileIsNew {
            text += style.field(
                "next",
                "The file must be readable by the user of relayd (chown root:waxwing, chmod 0640), and named in "
                    + "relayd.toml: [intake] users_file.", width: 12, indent: 2)
        }
        return text
    }
}

/// `relayctl user list`
public struct UserListDocument: CheckDocument {
    let file: String
    let users: [User]

    struct User: Encodable, Hashable, Sendable {
        let name: String
        let iterations: Int
    }

    public init(_ records: [UserRecord], file: String) {
        self.file = file
        users = records.map { User(name: $0.name.text, iterations: $0.verifier.iterations) }
    }

    public var isGood: Bool { !users.isEmpty }

    // One name on a line and nothing else: for `while read`.
    public func text(_ style: TextStyle) -> String {
        users.isEmpty
            ? "No users in \(TextStyle.harmless(file))\n"
            : users.map { TextStyle.harmless($0.name) + "\n" }.joined()
    }
}

/// `relayctl user remove`
public struct UserRemoveDocument: CheckDocument {
    let name: String
    let file: String
    let removed: Bool

    public init(_ name: UserName, file: String, removed: Bool) {
        self.name = name.text
        self.file = file
        self.removed = removed
    }

    public var isGood: Bool { removed }

    public func text(_ style: TextStyle) -> String {
        TextStyle.harmless(removed ? "\(name) may no longer log in" : "No user \(name) in \(file)") + "\n"
    }
}

/// `relayctl user check`
public struct UserCheckDocument: CheckDocument {
    let name: String
    let file: String
    let known: Bool
    let matches: Bool

    /// - Parameter matches: nil where there is no such user.
    public init(_ name: UserName, file: String, matches: Bool?) {
        self.name = name.text
        self.file = file
        known = matches != nil
        self.matches = matches ?? false
    }

    public var isGood: Bool { matches }

    public func text(_ style: TextStyle) -> String {
        let words =
            matches
            ? "The password is that of \(name)"
            : known ? "The password is not that of \(name)" : "No user \(name) in \(file)"
        return TextStyle.harmless(words) + "\n"
    }
}
