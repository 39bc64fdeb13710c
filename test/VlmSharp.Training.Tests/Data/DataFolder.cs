using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Training.Data;

namespace VlmSharp.Training.Tests.Data;

/// <summary>A folder with data files and small pictures that is deleted at the end of the test.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public string Path => folder.Path;

    public string At(string name) => folder.At(name);

    /// <summary>Writes a text file.</summary>
    public string Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(At(name))!);
        return folder.Write(name, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Writes a picture of one color.</summary>
    public void Picture(string name, int width = 8, int height = 6, byte gray = 100)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(At(name))!);
        var image = new RgbImage(width, height);
        Array.Fill(image.Pixels, gray);
        PngWriter.Save(image, At(name));
    }

    /// <summary>Writes examples of prefix, suffix and picture. Example i has prefix "q{i}" and suffix "a{i}".</summary>
    public string Lines(int count, params int[] damaged)
    {
        for (int i = 0; i < count; i++)
        {
            if (damaged.Contains(i)) Write($"{i}.png", "no picture");
            else Picture($"{i}.png", gray: (byte)i);
        }

        return Write(
            "train.jsonl",
            string.Concat(
                Enumerable.Range(0, count).Select(i => $$"""{"image": "{{i}}.png", "prefix": "q{{i}}", "suffix": "a{{i}}"}""" + "\n")));
    }

    /// <summary>All examples of a file.</summary>
    public static List<TrainingExample> Read(string path, DataOptions? options = null)
    {
        using TrainingData data = TrainingData.Open(path, options);
        return [.. Enumerable.Range(0, data.Count).Select(i => data[i])];
    }

    public void Dispose() => folder.Dispose();
}
