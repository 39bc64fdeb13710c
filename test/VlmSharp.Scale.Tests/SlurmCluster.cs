using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using VlmSharp.Conformance;

namespace VlmSharp.Scale.Tests;

/// <summary>
/// A private SLURM: a controller and one node with two processors, both on this machine and on free ports. It has a partition of low
/// priority, whose jobs are preempted and requeued, and one of high priority.
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

    /// <summary>Starts a cluster and waits until its node is idle.</summary>
    public static async Task<SlurmCluster> StartAsync()
    {
        var cluster = new SlurmCluster();
        try
        {
            File.WriteAllText(cluster.Config, cluster.Text());
            cluster.controllers.Add(cluster.Daemon("slurmctld"));
            cluster.StartNode();
            await Work.UntilAsync(
                "the node is idle", async () => (await cluster.CommandAsync("sinfo", "-h", "-p", "low", "-o", "%T")).Trim() == "idle");
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
    /// <param name="arguments">The arguments of sbatch.</param>
    /// <returns>The job's number.</returns>
    public async Task<string> SubmitAsync(params string[] arguments) =>
        (await CommandAsync("sbatch", ["--parsable", "--chdir", folder.FullName, .. arguments])).Trim();

    /// <summary>Whether a job has ended with all its tasks. SLURM makes a requeued job wait for two minutes, so
    /// that its previous run is surely over; here it waits for ten seconds.</summary>
    public async Task<bool> HasEndedAsync(string job)
    {
        string listed = await CommandAsync("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%i %T %r");
        string[] tasks = listed.Split('\n', StringSplitOptions.RemoveEmptyEntries);
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

    /// <summary>What SLURM reports about a job.</summary>
    public Task<string> ShowAsync(string job) => CommandAsync("scontrol", "show", "job", job);

    /// <summary>Sends a signal only to the script of a job.</summary>
    public Task SignalAsync(string job, string signal) => CommandAsync("scancel", "--batch", $"--signal={signal}", job);

    /// <summary>What the tasks of a job printed.</summary>
    public string Logs() =>
        string.Join(
            '\n',
            Directory.GetFiles(folder.FullName, "*.log")
                .Order(StringComparer.Ordinal)
                .Select(path => $"{Path.GetFileName(path)}: {File.ReadAllText(path)}"));

    /// <summary>Kills the node with everything on it. No process gets a signal that it could handle.</summary>
    public void KillNode()
    {
        foreach (int process in Descendants(node!.Id)) Kill(process);
        node.Kill(entireProcessTree: true);
        node.WaitForExit();
    }

    /// <summary>Starts the node again.</summary>
    public void StartNode() => node = Daemon("slurmd");

    // slurmstepd leaves its parent, but its command line names the folder of the socket; its children are below it.
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

            if (text.Contains(folder.FullName, StringComparison.Ordinal)
                && int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture) is var id
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
            // the process has ended
        }
    }

    private Process Daemon(string name)
    {
        string[] arguments = ["-D", "-f", Config, "-L", Path.Combine(folder.FullName, name + ".daemon")];
        var start = new ProcessStartInfo(Tool.Find(name)!, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
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
        for (int i = 0; i < 50; i++) // retries until the controller listens and is not busy
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
