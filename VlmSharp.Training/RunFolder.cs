using VlmSharp.Checkpoints;
using VlmSharp.Training.Runs;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training;

/// <summary>The content of a run's folder besides its checkpoints, and whether a folder may become one.</summary>
internal static class RunFolder
{
    /// <summary>The folder in it with what was best.</summary>
    public const string BestName = "best";

    // Files that a run may leave if it ended before its first checkpoint.
    private static readonly string[] OwnNames =
        [RunStore.LockName, BestName, MetricsFile.FileName, TensorBoardFile.FolderName, HtmlReport.FileName, MlflowSettings.RunIdFileName];

    /// <summary>
    /// Creates the folder if it does not exist, and refuses one with files that no run has written: some would be overwritten.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="RequestException">It holds other files.</exception>
    /// <exception cref="IOException">It cannot be created or read.</exception>
    public static void Prepare(string folder)
    {
        ModelFolder.Create(folder);
        try
        {
            if (RunStore.Read(folder).Steps.Count > 0) return;
            string? foreign = Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).FirstOrDefault(name => !IsOwn(name!));
            if (foreign is null) return;
            throw new RequestException(
                $"{folder} holds other files ({MessageText.Quote(foreign)}) and no run that could go on: give a new or an empty folder.");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{folder} cannot be read: give another folder.", e);
        }
    }

    /// <summary>Replaces the folder of the best result. Whenever the process ends, the folder with this name is complete.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="write">Writes into a folder.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void ReplaceBest(string folder, Action<string> write)
    {
        string best = Path.Combine(folder, BestName), temporary = Path.Combine(folder, RunStore.Writing + BestName);
        if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        write(temporary);
        if (Directory.Exists(best)) Directory.Delete(best, recursive: true);
        Directory.Move(temporary, best);
    }

    private static bool IsOwn(string name) =>
        name.StartsWith(RunStore.Writing, StringComparison.Ordinal) || name.StartsWith(RunStore.Deleting, StringComparison.Ordinal)
        || OwnNames.Contains(name.EndsWith(".tmp", StringComparison.Ordinal) ? name[..^".tmp".Length] : name, StringComparer.Ordinal);
}
