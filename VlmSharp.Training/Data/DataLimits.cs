namespace VlmSharp.Training.Data;

/// <summary>Upper limits for a data file, which may come from an untrusted source.</summary>
internal static class DataLimits
{
    /// <summary>Bytes of a line of JSONL.</summary>
    public const int LineBytes = 4 << 20;

    /// <summary>Bytes of a whole JSON file, which is read into memory; COCO's largest has 0.45 GB.</summary>
    public const int JsonBytes = 1 << 30;

    /// <summary>Bytes of a text file of a folder.</summary>
    public const int TextBytes = 1 << 20;

    /// <summary>Examples of a dataset.</summary>
    public const int Examples = 100_000_000;

    /// <summary>Pictures of an example, and its answers.</summary>
    public const int Images = 64, Suffixes = 256;

    /// <summary>Boxes of a picture.</summary>
    public const int Boxes = 4096;

    /// <summary>Width and height of a picture, in a data file, and their product.</summary>
    public const int Side = 65_535, Pixels = 100_000_000;

    /// <summary>Bad lines that are kept for display; further ones are only counted.</summary>
    public const int Faults = 1000;
}
