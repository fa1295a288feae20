extension ConfigurationFault {
    /// Lines of the log about one start, or one reload: a file with a thousand rules may be wrong a thousand times.
    static let lineLimit = 100
}

extension [ConfigurationFault] {
    /// The event of `beginning` for each of them; past ``ConfigurationFault/lineLimit`` only how many there are.
    func lines(_ beginning: LogLine) -> [LogLine] {
        let limit = ConfigurationFault.lineLimit
        var lines = prefix(limit).map { beginning.with($0) }
        if count > limit {
            lines.append(
                beginning.with("reason", "there are more faults than are told here").with("others", count - limit))
        }
        return lines
    }
}

extension LogLine {
    /// Where it stands, what is wrong, and what to do.
    consuming func with(_ fault: ConfigurationFault) -> LogLine {
        with("file", fault.file.isEmpty ? nil : fault.file)
            .with("line", fault.place?.line).with("column", fault.place?.column)
            .with("key", fault.key.isEmpty ? nil : fault.key).with("reason", fault.problem)
            .with("cure", fault.cure.isEmpty ? nil : fault.cure)
    }
}
