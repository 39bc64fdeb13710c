using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using VlmSharp.Imaging;

namespace VlmSharp.Checkpoints;

/// <summary>
/// Identifies a model without reading gigabytes: SHA-256 of the small files (configuration, tokenizer, preprocessing), of every tensor's
/// name, format and shape, and of the first and last page of each tensor. Two trainings of one architecture differ in nearly every page.
/// </summary>
internal static unsafe class CheckpointFingerprint
{
    private const int Page = 4096; // of a tensor's elements and of its scales

    private static readonly string[] SmallFiles =
    [
        "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json", "tokenizer.model",
        "added_tokens.json", "special_tokens_map.json",
    ];

    /// <summary>The fingerprint of an open checkpoint; reads a few pages of each tensor.</summary>
    /// <param name="checkpoint">Open; its small files are read from its folder.</param>
    /// <returns>64 hexadecimal digits.</returns>
    public static string Of(Checkpoint checkpoint)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in SmallFiles)
        {
            string path = Path.Combine(checkpoint.Directory, name);
            if (!File.Exists(path)) continue;
            if (WrongDownload.DeadLink(path) is { } dead) throw new ModelFormatException($"{path} {dead}.");
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            using FileStream stream = File.OpenRead(path);
            hash.AppendData(SHA256.HashData(stream));
        }

        foreach (var (name, tensor) in checkpoint.Tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            ObjectDisposedException.ThrowIf(tensor.File.IsClosed, checkpoint);
            string shape = string.Join(',', tensor.Shape.Select(d => d.ToString(CultureInfo.InvariantCulture)));
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {tensor.DType} [{shape}]\n"));
            Append(hash, (byte*)tensor.Pointer, tensor.ByteLength);
            if (tensor.Nf4 is { } nf4) nf4.AppendTo((data, bytes) => Append(hash, (byte*)data, bytes));
            else if (tensor.ScalesPointer != 0) Append(hash, (byte*)tensor.ScalesPointer, tensor.ScaleBytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, byte* data, long bytes)
    {
        int count = (int)Math.Min(Page, bytes);
        hash.AppendData(new ReadOnlySpan<byte>(data, count));
        hash.AppendData(new ReadOnlySpan<byte>(data + bytes - count, count));
    }
}
