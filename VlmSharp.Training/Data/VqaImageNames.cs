namespace VlmSharp.Training.Data;

/// <summary>
/// Finds the pictures of VQA files, which are given by number: <c>COCO_train2014_000000262148.jpg</c> in the folder or in a subfolder named
/// after the subset, or only the number. The first picture decides which of these is used.
/// </summary>
/// <param name="folder">The folder of the pictures.</param>
/// <param name="subset">The file's <c>data_subtype</c>, such as train2014, or null.</param>
internal sealed class VqaImageNames(string folder, string? subset)
{
    // it becomes a part of paths
    private readonly string? subset = subset is null || subset.AsSpan().ContainsAny('/', '\\', '\0') ? null : subset;
    private static readonly string[] Extensions = [".jpg", ".png", ".jpeg"];

    private Func<long, string>? chosen;

    /// <summary>The file of a picture.</summary>
    public string PathOf(long image) => (chosen ??= Choose(image))(image);

    private Func<long, string> Choose(long image)
    {
        var ways = new List<Func<long, string>>();
        foreach (string place in subset is null ? [""] : (string[])["", subset])
            foreach (string extension in Extensions)
            {
                if (subset is not null) ways.Add(id => Path.Combine(folder, place, $"COCO_{subset}_{id:D12}{extension}"));
                ways.Add(id => Path.Combine(folder, place, $"{id:D12}{extension}"));
                ways.Add(id => Path.Combine(folder, place, $"{id}{extension}"));
            }

        return ways.Find(way => File.Exists(way(image))) ?? ways[0];
    }
}
