using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using VlmSharp.Conformance;

namespace VlmSharp.Scale.Tests;

/// <summary>
/// A SLURM of this test's own: a controller and one node with two processors, both on this machine and on free ports, with a partition
/// of low priority, whose jobs are preempted and requeued, and one of high priority.
/// </summary>
internal sealed class SlurmCluster : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("vlmsharp-slurm-");
    private readonly List<Process> controllers = [];
    private readonly Dictionary<string, long> waiting = [];
    private Process? node;

    private SlurmCluster()
    {
    }

    private string Config => Path.Combine(folder.FullName, "slurm.conf");

    private Dictionary<string, string> Environment => new() { ["SLURM_CONF"] = Config, ["VLMSHARP"] = $"dotnet {Tool.Vlmsharp}" };

    /// <summary>Starts one, and waits until its node is idle.</summary>
    public static async Task<SlurmCluster> StartAsync()
    {
        var cluster = new SlurmCluster();
        try
        {
            File.WriteAllText(cluster.Config, cluster.Text());
            cluster.controllers.Add(cluster.Daemon("slurmctld"));
            cluster.StartNode();
            await Work.UntilAsync("the node is idle", async () => (await cluster.CommandAsync("sinfo", "-h", "-p", "low", "-o", "%T")).Trim() == "idle");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private string Text()
    {
        string host = Dns.GetHostName().Split('.')[0], place = folder.FullName;
        Directory.CreateDirectory(Path.Combine(place, "state"));
        Directory.CreateDirectory(Path.Combine(place, "spool"));
        return $"""
            ClusterName=test
            SlurmctldHost={host}(127.0.0.1)
            AuthType=auth/none
            CredType=cred/none
            SlurmUser={System.Environment.UserName}
            SlurmdUser={System.Environment.UserName}
            StateSaveLocation={place}/state
            SlurmdSpoolDir={place}/spool
            SlurmctldPidFile={place}/slurmctld.pid
            SlurmdPidFile={place}/slurmd.pid
            SlurmctldPort={FreePort()}
            SlurmdPort={FreePort()}
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_CPU
            MpiDefault=none
            ReturnToService=2
            SlurmdTimeout=10
            KillWait=5
            SchedulerParameters=bf_interval=1,sched_min_interval=0,sched_interval=2,requeue_delay=1
            PreemptType=preempt/partition_prio
            PreemptMode=REQUEUE
            JobRequeue=1
            NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
            PartitionName=low Nodes={host} Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=5 State=UP
            PartitionName=high Nodes={host} PriorityTier=10 PreemptMode=OFF State=UP

            """;
    }

    /// <summary>Submits a job.</summary>
    /// <param name="arguments">Of sbatch.</param>
    /// <returns>The job's number.</returns>
    public async Task<string> SubmitAsync(params string[] arguments) => (await CommandAsync("sbatch", ["--parsable", "--chdir", folder.FullName, .. arguments])).Trim();

    /// <summary>Whether a job, all its tasks among it, has ended. A job that was requeued waits for two
    /// minutes in SLURM, so that its run before is surely over; here for ten seconds.</summary>
    public async Task<bool> HasEndedAsync(string job)
    {
        string[] tasks = (await CommandAsync("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%i %T %r")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string line in tasks.Where(line => line.EndsWith("PENDING BeginTime", StringComparison.Ordinal) && HasWaited(line)))
            await Tool.RunAsync("scontrol", ["update", $"JobId={line.Split(' ')[0]}", "StartTime=now"], environment: Environment);
        return tasks.Length > 0 && tasks.All(line => line.Split(' ')[1] is "COMPLETED" or "FAILED" or "CANCELLED" or "TIMEOUT");
    }

    private bool HasWaited(string line)
    {
        if (!waiting.TryGetValue(line, out long since)) waiting[line] = since = Stopwatch.GetTimestamp();
        if (Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(10)) return false;
        waiting.Remove(line);
        return true;
    }

    /// <summary>Whether a task of a job runs now.</summary>
    public async Task<bool> IsRunningAsync(string task) => (await CommandAsync("squeue", "-h", "-t", "R", "-j", task)).Trim().Length > 0;

    /// <summary>What SLURM says of a job.</summary>
    public Task<string> ShowAsync(string job) => CommandAsync("scontrol", "show", "job", job);

    /// <summary>Sends a signal to the script of a job, and to it alone.</summary>
    public Task SignalAsync(string job, string signal) => CommandAsync("scancel", "--batch", $"--signal={signal}", job);

    /// <summary>What the tasks of a job printed.</summary>
    public string Logs() => string.Join('\n', Directory.GetFiles(folder.FullName, "*.log").Order(StringComparer.Ordinal).Select(path => $"{Path.GetFileName(path)}: {File.ReadAllText(path)}"));

    /// <summary>The node dies with all that runs on it: no process gets a signal that it could answer.</summary>
    public void KillNode()
    {
        foreach (int process in Descendants(node!.Id)) Kill(process);
        node.Kill(entireProcessTree: true);
        node.WaitForExit();
    }

    /// <summary>The node comes up.</summary>
    public void StartNode() => node = Daemon("slurmd");

    // slurmstepd leaves its parent, but its command line has the socket's folder; what it started is below it.
    private IEnumerable<int> Descendants(int parent)
    {
        foreach (string path in Directory.GetDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            string text;
            try
            {
                text = File.ReadAllText(Path.Combine(path, "environ"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            if (text.Contains(folder.FullName, StringComparison.Ordinal) && int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture) is var id
                && id != parent && controllers.All(c => c.Id != id) && id != System.Environment.ProcessId) yield return id;
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // it has ended
        }
    }

    private Process Daemon(string name)
    {
        var start = new ProcessStartInfo(Tool.Find(name)!, ["-D", "-f", Config, "-L", Path.Combine(folder.FullName, name + ".daemon")]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach ((string variable, string value) in Environment) start.Environment[variable] = value;
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task<string> CommandAsync(string name, params string[] arguments)
    {
        string errors = "";
        for (int i = 0; i < 50; i++) // until the controller listens, and while it is busy
        {
            (int code, string output, errors) = await Tool.RunAsync(name, arguments, environment: Environment);
            if (code == 0 || errors.Contains("Invalid job id", StringComparison.Ordinal)) return output;
            await Task.Delay(200);
        }

        throw new InvalidOperationException($"{name} {string.Join(' ', arguments)}: {errors}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (node is { HasExited: false }) KillNode();
        foreach (Process controller in controllers)
        {
            controller.Kill();
            await controller.WaitForExitAsync();
            controller.Dispose();
        }

        node?.Dispose();
        folder.Delete(recursive: true);
    }
}
