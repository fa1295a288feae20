import Glibc
import Net
import Testing

struct LoopTests {
    @Test("a task stays on its loop's thread across suspensions, its children too")
    func staysOnThread() async throws {
        try await onLoop { loop in
            #expect(loop.isOnThread)
            #expect(Loop.current === loop)
            await Task.detached { #expect(!loop.isOnThread && Loop.current == nil) }.value
            #expect(loop.isOnThread)
            async let child = loop.isOnThread
            #expect(await child)
            try await loop.sleep(until: .after(.milliseconds(1)))
            #expect(loop.isOnThread)
        }
    }

    @Test("its thread has a second stack, for the handler of what befalls the first")
    func signalStack() async throws {
        try await onLoop { _ in
            var stack = stack_t()
            #expect(sigaltstack(nil, &stack) == 0)
            #expect(stack.ss_flags & CInt(SS_DISABLE) == 0)
        }
    }

    @Test("the thread check is not cached across a hop to another loop and back")
    func threadCheckAcrossHops() async throws {
        try await onLoop { one in
            let two = try Loop(name: "two")
            try two.start()
            defer { two.shutdown() }
            for _ in 0..<100 {
                #expect(one.isOnThread && !two.isOnThread)
                await withTaskExecutorPreference(two) { #expect(two.isOnThread && !one.isOnThread) }
                #expect(one.isOnThread && !two.isOnThread)
            }
        }
    }

    @Test("jobs from many threads all run, on the loop")
    func crossThread() async throws {
        try await onLoop { loop in
            let count = Shared(0)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask(executorPreference: globalConcurrentExecutor) {
                        for _ in 0..<1_000 {
                            let isThere = await loop.task { loop.isOnThread }.value
                            if isThere { count.add(1) }
                        }
                    }
                }
            }
            #expect(count.value == 8_000)
        }
    }

    @Test("a busy task does not keep timers from firing: rounds are bounded")
    func boundedRounds() async throws {
        try await onLoop { loop in
            let isOver = Shared(0)
            async let busy: Int = {
                var rounds = 0
                while isOver.value == 0 {
                    await Task.yield()
                    rounds += 1
                }
                return rounds
            }()
            try await loop.sleep(until: .after(.milliseconds(5)))
            isOver.add(1)
            #expect(await busy > 0)
        }
    }

    @Test("sleeps end in the order of their deadlines, none early")
    func sleepOrder() async throws {
        try await onLoop { loop in
            let start = Deadline.now
            let order = await withTaskGroup(of: Int.self) { group in
                for milliseconds in [9, 3, 6, 0, -5] {
                    group.addTask {
                        let deadline = start.advanced(by: .milliseconds(milliseconds))
                        try? await loop.sleep(until: deadline)
                        return deadline <= .now ? milliseconds : -1
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(order.suffix(3) == [3, 6, 9])
        }
    }

    @Test("an alarm rings from any thread, keeps one ring, and expires")
    func alarm() async throws {
        try await onLoop { loop in
            let alarm = Alarm(on: loop)
            async let rung = alarm.wait(until: patience)
            await Task.detached { alarm.ring() }.value
            let first = try await rung
            alarm.ring()
            alarm.ring()
            let second = try await alarm.wait(until: patience)
            let third = try await alarm.wait(until: .after(.milliseconds(1)))
            #expect(first && second && !third)
            #expect(
                await failure { _ = try await Task.detached { try await alarm.wait(until: patience) }.value }
                    == "called off the loop")
        }
    }

    @Test("shutdown ends every wait with closed, runs the tasks to their end and leaves nothing")
    func shutdownWithWaits() async throws {
        let loop = try Loop(name: "ending")
        try loop.start()
        let listener = try Listener(on: loop, address: loopback)
        let isReady = Shared(0)
        let reader = loop.task {
            await failure {
                let stream = try await Stream.connect(to: listener.address, on: loop, until: patience)
                isReady.add(1)
                _ = try await stream.readLine(limit: 100, until: patience)
            }
        }
        let acceptor = loop.task {
            await failure {
                var accepted: [Stream] = []
                while true { accepted.append(try await listener.accept()) }
            }
        }
        let sleeper = loop.task { await failure { try await loop.sleep(until: patience) } }
        let alarm = Alarm(on: loop)
        let listening = loop.task { await failure { try await alarm.wait(until: .never) } }
        // On the loop: a hop there and back for each look may take longer than the waits have.
        await loop.run { while loop.waits < 4 || isReady.value == 0 { await Task.yield() } }
        loop.shutdown()
        #expect(await reader.value == "closed")
        #expect(await acceptor.value == "closed")
        #expect(await sleeper.value == "closed")
        #expect(await listening.value == "closed")
        #expect(loop.registrations + loop.timers + loop.openStreams + loop.waits == 0)
        loop.shutdown()
        // Late work is not lost, and is told that the loop is gone.
        #expect(await loop.run { !loop.isOnThread })
        #expect(await loop.run { await failure { try await loop.sleep(until: patience) } } == "called off the loop")
        listener.close()
    }

    @Test("a task that never ends does not keep a loop from stopping")
    func shutdownOfTheStubborn() async throws {
        let loop = try Loop(name: "stubborn")
        try loop.start()
        let isOver = Shared(0)
        let task = loop.task {
            while isOver.value == 0 { await Task.yield() }
            return loop.isOnThread
        }
        loop.shutdown()
        isOver.add(1)
        #expect(await !task.value)
    }

    @Test("a typed error passes through run")
    func typedError() async throws {
        try await onLoop { loop in
            let result = await Task.detached { () -> SocketError? in
                do throws(SocketError) {
                    try await loop.run { () async throws(SocketError) in throw .reset }
                    return nil
                } catch {
                    return error
                }
            }.value
            #expect(result.map { "\($0)" } == "connection reset by peer")
        }
    }

    @Test("a group goes round its loops")
    func group() async throws {
        let group = try LoopGroup(name: "group", count: 3)
        #expect(group.loops.map(\.name) == ["group-0", "group-1", "group-2"])
        #expect((0..<4).map { _ in group.next().name } == ["group-0", "group-1", "group-2", "group-0"])
        for loop in group.loops { #expect(await loop.run { loop.isOnThread }) }
        group.shutdown()
        let byDefault = try LoopGroup(name: "cores")
        #expect(byDefault.loops.count == max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))))
        byDefault.shutdown()
    }
}
