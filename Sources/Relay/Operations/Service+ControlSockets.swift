import Net

extension Service {
    /// The operator's door, and the window beside it where there is to be one.
    func openControl(on loop: Loop) throws(ServiceError) -> [ControlServer] {
        let settings = configuration.control
        var servers = [try openControl(settings.socket, "control.socket", takesOrders: true, group: nil, on: loop)]
        guard let path = settings.readSocket else { return servers }
        var group: FileGroup?
        if let name = settings.readGroup {
            do throws(FileGroupError) { group = try FileGroup(named: name) } catch {
                throw ServiceError.control(configuration.fault("control.read_group", "\(error)", ""))
            }
        }
        servers.append(try openControl(path, "control.read_socket", takesOrders: false, group: group, on: loop))
        return servers
    }

    private func openControl(
        _ path: String, _ key: String, takesOrders: Bool, group: FileGroup?, on loop: Loop
    ) throws(ServiceError) -> ControlServer {
        do throws(ControlServerError) {
            return try ControlServer(
                on: loop, path: path, source: self, takesOrders: takesOrders, group: group, log: log)
        } catch {
            throw ServiceError.control(
                configuration.fault(key, "the control socket \(error)", error.cure ?? "Choose another path"))
        }
    }
}
