import Glibc

extension Configuration {
    /// Where the daemon and `relayctl` look when no `--config` is given.
    public static let defaultPath = "/etc/waxwing/relayd.toml"

    /// Reads and parses the file at `path`.
    public static func load(path: String) throws(ConfigurationError) -> Configuration {
        if let found = try loadIfPresent(path: path) { return found }
        throw cannotOpen(path, ENOENT)
    }

    /// The same; nil where there is no such file, and only there: one that cannot be read or understood is no reason to go
    /// on by the defaults.
    public static func loadIfPresent(path: String) throws(ConfigurationError) -> Configuration? {
        func fault(_ problem: String, _ cure: String, place: TextPlace? = nil) -> ConfigurationError {
            ConfigurationError(faults: [
                ConfigurationFault(file: path, place: place, key: "", problem: problem, cure: cure)
            ])
        }
        // A pipe that nobody writes to would be waited for, here and in all that waits for this.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let code = errno
            if descriptor >= 0 { close(descriptor) }
            if code == ENOENT { return nil }
            throw cannotOpen(path, code)
        }
        guard status.st_mode & S_IFMT == S_IFREG, let file = fdopen(descriptor, "r") else {
            close(descriptor)
            throw fault("is no file, but a folder, a pipe or a device", "Name a file")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: fileSizeLimit + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        if ferror(file) != 0 { throw fault("cannot be read: \(String(cString: strerror(errno)))", "Is it a file?") }
        if count > fileSizeLimit {
            throw fault("has more than \(SizeText.spell(fileSizeLimit))", "Is it the right file?")
        }
        bytes.removeLast(bytes.count - count)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let sound = String(decoding: bytes, as: UTF8.self).unicodeScalars.prefix { $0 != "\u{FFFD}" }
            let line = sound.count(where: { $0 == "\n" }) + 1
            let column = sound.reversed().prefix { $0 != "\n" }.count + 1
            throw fault("is not UTF-8", "Save it as UTF-8", place: TextPlace(line: line, column: column))
        }
        return try parse(text: text, file: path)
    }

    private static func cannotOpen(_ path: String, _ code: CInt) -> ConfigurationError {
        ConfigurationError(faults: [
            ConfigurationFault(
                file: path, place: nil, key: "", problem: "cannot be opened: \(String(cString: strerror(code)))",
                cure: "Name the file with --config, or let the user who starts this read it")
        ])
    }
}
