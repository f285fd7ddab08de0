// A .NET program that does on request what a Tentacle or a Calamari does: hold memory, beat, start children, wait.
// Its behaviour comes from environment variables, so that its arguments are free to look like the real thing.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;

static class Standin
{
    const string Prefix = "OCTOTUI_STANDIN_";
    const int ArrayBytes = 16 * 1024 * 1024;
    const long ReportedGap = 8 * 1000 * 1000;

    // Static, so that the collector keeps what a dump is searched for.
    static string marker;
    static byte[][] ballast;
    static readonly object isolation = new object();
    static readonly ManualResetEvent isHeld = new ManualResetEvent(false);

    static int Main()
    {
        string reversed = Setting("MARKER");
        if (reversed != "")
        {
            char[] letters = reversed.ToCharArray();
            Array.Reverse(letters);
            marker = new string(letters);
        }
        ballast = Ballast(Number("BALLAST_MB"));
        for (int i = 0; i < Number("THREADS"); i++)
            Background("standin-" + i, () => Thread.Sleep(Timeout.Infinite));
        if (Setting("LOCK") == "1")
        {
            Background("holder", HoldLock);
            Background("waiter", WaitForLock);
        }
        int busy = Number("BUSY");
        if (busy > 0)
            Background("busy", () => Burn(busy));
        if (Setting("STDIN") == "1")
            Background("stdin", EndAtEndOfInput);
        foreach (string line in Setting("TASKS").Split(new[] { '\n' }, StringSplitOptions.RemoveEmptyEntries))
            StartTask(line);
        string command = Setting("CHILD");
        if (command != "")
            Background("child", () => Environment.Exit(Run(command)));
        if (Setting("READY") != "")
            File.WriteAllText(Setting("READY"), "ready " + Now() + "\n");
        Work(Setting("WORK"));
        if (Setting("END") != "")
            return End(Setting("END"));
        int seconds = Number("SECONDS");
        long end = seconds > 0 ? Now() + seconds * 1000000000L : long.MaxValue;
        if (Setting("HEARTBEAT") != "")
            Beat(Setting("HEARTBEAT"), end);
        else
            Thread.Sleep(seconds > 0 ? seconds * 1000 : Timeout.Infinite);
        GC.KeepAlive(ballast);
        GC.KeepAlive(marker);
        return 0;
    }

    // "cpu N": N million rounds of arithmetic; "threads N": N threads, one after the other. Says how long it took.
    static void Work(string what)
    {
        if (what == "")
            return;
        int count = int.Parse(what.Substring(what.IndexOf(' ') + 1));
        long start = Now();
        ulong x = 88172645463325252UL;
        if (what.StartsWith("cpu", StringComparison.Ordinal))
            for (long i = 0; i < count * 1000000L; i++) { x ^= x << 13; x ^= x >> 7; x ^= x << 17; }
        else
            for (int i = 0; i < count; i++)
            {
                var thread = new Thread(() => { });
                thread.Start();
                thread.Join();
            }
        Console.WriteLine("work " + (Now() - start) + (x == 0 ? "!" : ""));
    }

    // "MILLISECONDS return N", "MILLISECONDS exit N" or "MILLISECONDS throw": how it ends after that time.
    static int End(string how)
    {
        string[] words = how.Split(' ');
        Thread.Sleep(int.Parse(words[0]));
        if (words[1] == "throw")
            throw new InvalidOperationException("thrown on request");
        if (words[1] == "exit")
            Environment.Exit(int.Parse(words[2]));
        GC.KeepAlive(ballast);
        GC.KeepAlive(marker);
        return int.Parse(words[2]);
    }

    static string Setting(string name)
    {
        return Environment.GetEnvironmentVariable(Prefix + name) ?? "";
    }

    static int Number(string name)
    {
        int value;
        return int.TryParse(Setting(name), out value) ? value : 0;
    }

    // Nanoseconds of CLOCK_MONOTONIC: the clock that the one who measures a pause reads too.
    static long Now()
    {
        return (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
    }

    static void Background(string name, ThreadStart body)
    {
        var thread = new Thread(body);
        thread.Name = name;
        thread.IsBackground = true;
        thread.Start();
    }

    static void HoldLock()
    {
        lock (isolation)
        {
            isHeld.Set();
            Thread.Sleep(Timeout.Infinite);
        }
    }

    static void WaitForLock()
    {
        isHeld.WaitOne();
        lock (isolation)
            Console.WriteLine("the lock is free");
    }

    static byte[][] Ballast(int megabytes)
    {
        var random = new Random(1);
        var arrays = new List<byte[]>();
        for (long left = megabytes * 1024L * 1024L; left > 0; left -= ArrayBytes)
        {
            var array = new byte[Math.Min(left, ArrayBytes)];
            random.NextBytes(array);
            arrays.Add(array);
        }
        return arrays.ToArray();
    }

    static void Beat(string path, long end)
    {
        using (var writer = new StreamWriter(path))
        {
            writer.AutoFlush = true;
            writer.WriteLine("ready " + Now());
            for (long last = Now(); last < end; )
            {
                Thread.Sleep(1);
                long now = Now();
                if (now - last > ReportedGap)
                    writer.WriteLine("gap " + last + " " + now);
                last = now;
            }
            writer.WriteLine("end " + Now());
        }
    }

    static void Burn(int percent)
    {
        while (true)
        {
            long stop = Now() + percent * 500000L;
            while (Now() < stop) { }
            Thread.Sleep(Math.Max(0, 50 - percent / 2));
        }
    }

    static void EndAtEndOfInput()
    {
        var buffer = new byte[256];
        using (Stream input = Console.OpenStandardInput())
            while (input.Read(buffer, 0, buffer.Length) > 0) { }
        Environment.Exit(0);
    }

    // "EVERY COMMAND": once at the start when EVERY is 0, else each EVERY seconds.
    static void StartTask(string line)
    {
        int space = line.IndexOf(' ');
        int every = int.Parse(line.Substring(0, space));
        string command = line.Substring(space + 1);
        Background("task", () =>
        {
            long start = Now();
            do
            {
                start += every * 1000000000L;
                Thread.Sleep((int)Math.Max(0, (start - Now()) / 1000000));
                Run(command);
            }
            while (every > 0);
        });
    }

    // The child inherits stdin, and of our settings none: its own command sets what it wants.
    static int Run(string command)
    {
        var start = new ProcessStartInfo("/bin/bash");
        start.Arguments = "-c \"" + command.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
        start.UseShellExecute = false;
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            if (((string)variable.Key).StartsWith(Prefix, StringComparison.Ordinal))
                start.EnvironmentVariables.Remove((string)variable.Key);
        using (Process child = Process.Start(start))
        {
            child.WaitForExit();
            return child.ExitCode;
        }
    }
}
