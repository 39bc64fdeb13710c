namespace VlmSharp.Training.Data;

/// <summary>Checks that the pictures of examples exist before a run begins: a missing one would end the run hours later.</summary>
internal static class MissingPictures
{
    // A check takes some microseconds per example; in larger data sets only the first ones are checked.
    private const int MostExamples = 200_000;

    /// <summary>Checks that the files are there.</summary>
    /// <param name="data">Examples whose pictures are paths; only the first ones of a large data set are checked.</param>
    /// <param name="skips">Whether examples without their picture are left out.</param>
    /// <param name="tell">Hears of those that will be left out.</param>
    /// <exception cref="TrainingDataException">One is missing, and none is left out.</exception>
    public static void Check(TrainingData data, bool skips, Action<string> tell)
    {
        int missing = 0;
        string? first = null;
        for (int i = 0; i < Math.Min(data.Count, MostExamples); i++)
        {
            TrainingExample example = data[i];
            if (example.Images.FirstOrDefault(path => !File.Exists(path)) is not { } path) continue;
            missing++;
            first ??= $"{example.Where}: {path} does not exist";
        }

        if (first is null) return;
        string what = missing == 1 ? first : $"{missing} pictures are missing; the first: {first}";
        if (!skips) throw new TrainingDataException($"{what}. Leave the line out, or skip such examples (--skip-bad).");
        tell($"{what}; left out");
    }
}
