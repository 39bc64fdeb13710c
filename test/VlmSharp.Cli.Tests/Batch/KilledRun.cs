using System.Diagnostics;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>Runs that are killed while they write records.</summary>
internal static class KilledRun
{
    /// <summary>
    /// Runs a batch that blocks at a FIFO in place of a picture, kills the program when it has written more records, and cuts the last
    /// record as a kill in the middle of a write would.
    /// </summary>
    public static void At(string picture, string folder, params string[] args)
    {
        var partial = new FileInfo(Path.Combine(folder, "shard-00000-of-00001.jsonl.partial"));
        long before = partial.Exists ? partial.Length : 0;
        File.Move(picture, picture + ".held");
        using (Process fifo = Process.Start("mkfifo", [picture])) fifo.WaitForExit();

        using Process run =
            Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "vlmsharp.dll"), .. args]))!;
        while (!run.HasExited && !(partial.Exists && partial.Length > before + 100))
        {
            Thread.Sleep(5);
            partial.Refresh();
        }

        Assert.False(run.HasExited);
        run.Kill();
        run.WaitForExit();
        File.Move(picture + ".held", picture, overwrite: true);
        using FileStream torn = partial.Open(FileMode.Open);
        torn.SetLength(torn.Length - 10);
    }
}
