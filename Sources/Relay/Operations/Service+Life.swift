import Net

extension Service {
    /// Tells the service manager that this process lives, twice in the time it has patience for, and only when every loop has turned.
    /// A loop that stands still, by a fault of ours, is what a restart mends; a disk that does not answer is not, and is not asked.
    func tellLife(on loop: Loop) async {
        guard let notices, let patience = notices.watchdog else { return }
        while !Task.isCancelled {
            for other in loops.loops { await other.task {}.value }
            notices.send(.alive)
            guard await loop.pause(patience / 2) else { return }
        }
    }
}

extension Service {
    /// The operator's door, and the window beside it where there is to be one.
    func openControl(on loop: Loop) throws(ServiceError) -> [ControlServer] {
        let settings = configuration.control
        var servers: [ControlServer] = []
        do throws(ControlServerError) {
            servers.append(try ControlServer(on: loop, path: settings.socket, source: self, log: log))
        } catch {
            throw ServiceError.control(settings.socket, "\(error)")
        }
        guard let path = settings.readSocket else { return servers }
        var group: FileGroup?
        if let name = settings.readGroup {
            do throws(FileGroupError) { group = try FileGroup(named: name) } catch {
                throw ServiceError.control(path, "\(error)")
            }
        }
        do throws(ControlServerError) {
            servers.append(
                try ControlServer(on: loop, path: path, source: self, takesOrders: false, group: group, log: log))
        } catch {
            throw ServiceError.control(path, "\(error)")
        }
        return servers
    }
}
