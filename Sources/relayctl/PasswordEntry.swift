import Glibc
import Mail

/// A password from the person at the terminal, who does not see it, or from standard input.
enum PasswordEntry {
    /// One that is to be set: asked twice.
    static func new(fromStandardInput: Bool) throws(Failure) -> Password {
        if fromStandardInput { return try fromInput() }
        let first = try asked("New password: ")
        guard first == (try asked("The same again: ")) else { throw Failure(.usage, "the two passwords differ") }
        return try password(first)
    }

    /// One that is to be checked.
    static func known(fromStandardInput: Bool) throws(Failure) -> Password {
        fromStandardInput ? try fromInput() : try password(asked("Password: "))
    }

    static func password(_ octets: [UInt8]) throws(Failure) -> Password {
        guard let password = Password(octets) else {
            throw Failure(
                .usage,
                octets.isEmpty
                    ? "the password is empty"
                    : "a password is 1 to \(Password.lengthLimit) octets of UTF-8 without control characters")
        }
        return password
    }

    /// The first line of standard input, without its end.
    private static func fromInput() throws(Failure) -> Password {
        let octets = try InputFile.read("-", limit: Password.lengthLimit + 2)
        var line = octets.prefix { $0 != UInt8(ascii: "\n") }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return try password(Array(line))
    }

    private static func asked(_ prompt: String) throws(Failure) -> [UInt8] {
        // Not standard input and output: those may be pipes.
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw Failure(.usage, "there is no terminal to ask the password at: hand it over with --password-stdin")
        }
        defer { close(terminal) }
        var usual = termios()
        guard tcgetattr(terminal, &usual) == 0 else {
            throw Failure(.unexpected, "the terminal cannot be made silent: \(String(cString: strerror(errno)))")
        }
        var silent = usual
        // Key by key, so that ^C comes as one: a signal would end the program and leave the terminal silent.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else {
            throw Failure(.unexpected, "the terminal cannot be made silent: \(String(cString: strerror(errno)))")
        }
        defer {
            tcsetattr(terminal, TCSAFLUSH, &usual)
            say("\n", terminal)
        }
        say(prompt, terminal)
        return try keys(from: terminal)
    }

    private static func say(_ text: String, _ terminal: CInt) {
        _ = Array(text.utf8).withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) }
    }

    private static func keys(from terminal: CInt) throws(Failure) -> [UInt8] {
        var line: [UInt8] = []
        while true {
            var key: UInt8 = 0
            let count = read(terminal, &key, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { throw Failure(.usage, "the terminal is gone") }
            switch key {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return line
            // ^C, and ^D as the first key.
            case 0x03: throw Failure(.usage, "cancelled")
            case 0x04 where line.isEmpty: throw Failure(.usage, "cancelled")
            // Backspace, ^H: a whole character of UTF-8.
            case 0x7F, 0x08: while let last = line.popLast(), last & 0xC0 == 0x80 {}
            // ^U
            case 0x15: line = []
            default: if line.count <= Password.lengthLimit { line.append(key) }
            }
        }
    }
}
