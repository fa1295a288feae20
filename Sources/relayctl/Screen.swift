import Glibc

/// The terminal, taken for a live view: its other screen, key by key and without echo.
struct Screen {
    private let usual: termios

    /// Where the terminal does not say how large it is.
    private static let usualSize = (columns: 80, rows: 24)

    /// nil where it cannot be set up; errno says why.
    init?() {
        var usual = termios()
        guard tcgetattr(STDIN_FILENO, &usual) == 0 else { return nil }
        var live = usual
        // ^C comes as a key: it ends the view, which then puts all back. ^Z would leave the shell on the other screen.
        live.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        guard tcsetattr(STDIN_FILENO, TCSANOW, &live) == 0 else { return nil }
        self.usual = usual
        // The other screen, no cursor, and lines that do not wrap: a letter may be wider than it counts.
        write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    /// Puts all back as it was.
    func restore() {
        write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        var usual = usual
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual)
    }

    static func size() -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return usualSize
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Writes over what is there, in one go: nothing is blank in between, so nothing flickers.
    func show(_ lines: [String]) throws(Failure) {
        try Output.octets(Array(Self.picture(lines).utf8))
    }

    static func picture(_ lines: [String]) -> String {
        "\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J"
    }

    private func write(_ text: String) {
        // Where the terminal is gone, there is nothing to put back.
        try? Output.octets(Array(text.utf8))
    }
}
