using System.Text;
using VlmSharp.Imaging;

namespace VlmSharp.Training.Data;

/// <summary>Folders as data: a text beside each picture, or a folder for each label. Names are taken in ordinal order.</summary>
internal static class FolderReader
{
    /// <summary>The form of a folder, or null where it has neither.</summary>
    /// <exception cref="TrainingDataException">It cannot be read.</exception>
    public static DataFormat? FormatOf(string folder)
    {
        if (Pictures(folder).Any(picture => File.Exists(TextOf(picture)))) return DataFormat.TextFolder;
        return DataFile.Try(folder, () => Directory.GetDirectories(folder)).Any(inner => Pictures(inner).Length > 0)
            ? DataFormat.LabelFolder
            : null;
    }

    /// <summary>Reads <c>a.jpg</c> and <c>a.txt</c>: a text's lines are the references of its picture.</summary>
    public static List<TrainingExample> ReadTexts(string folder, DataOptions options, ExampleCollector found)
    {
        var examples = new List<TrainingExample>();
        foreach (string picture in Pictures(folder))
        {
            string file = TextOf(picture);
            if (!File.Exists(file))
            {
                found.Fault(picture, $"it has no text: {Path.GetFileName(file)} is not beside it");
                continue;
            }

            string[] lines = Encoding.UTF8.GetString(DataFile.ReadAll(file, DataLimits.TextBytes)).TrimStart('\uFEFF')
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (lines.Length > DataLimits.Suffixes)
                found.Fault(
                    file, $"it has {lines.Length} lines, and each is one way to say the answer: give at most {DataLimits.Suffixes}");
            else Add(picture, options.Prefix ?? "caption en", lines.Length > 0 ? lines : [""], file);
        }

        return examples;

        void Add(string picture, string prefix, string[] suffixes, string file)
        {
            var example = new TrainingExample { Images = [picture], Prefix = prefix, Suffixes = suffixes, File = file };
            found.Add(example);
            examples.Add(example);
        }
    }

    /// <summary>Reads <c>cat/1.jpg</c>: the name of the inner folder is the answer.</summary>
    public static List<TrainingExample> ReadLabels(string folder, DataOptions options, ExampleCollector found)
    {
        string[] labels = DataFile.Try(folder, () => Directory.GetDirectories(folder));
        Array.Sort(labels, StringComparer.Ordinal);
        var examples = new List<TrainingExample>();
        foreach (string label in labels)
            foreach (string picture in Pictures(label))
            {
                var example = new TrainingExample
                {
                    Images = [picture],
                    Prefix = options.Prefix ?? "answer en what is this?",
                    Suffixes = [Path.GetFileName(label)],
                    File = picture,
                };
                found.Add(example);
                examples.Add(example);
            }

        return examples;
    }

    private static string TextOf(string picture) => Path.ChangeExtension(picture, ".txt");

    private static string[] Pictures(string folder)
    {
        string[] pictures = [.. DataFile.Try(folder, () => Directory.GetFiles(folder))
            .Where(file => PictureNames.IsPicture(file) && !PictureNames.IsAppleMetadata(Path.GetFileName(file)))];
        Array.Sort(pictures, StringComparer.Ordinal);
        return pictures;
    }
}
