using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>Pictures of 48 and of 96 megapixels in a process that may have 256 MiB.</summary>
public sealed class LargePictureTests
{
    [Fact]
    public void A_batch_in_256_mebibytes_reads_large_pictures_and_records_those_that_do_not_fit()
    {
        using var scratch = new TemporaryFolder();
        string folder = scratch.At("pictures");
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "a-large.png"), Png(8000, 6000, interlaced: false));
        File.WriteAllBytes(Path.Combine(folder, "b-whole.png"), Png(9800, 9800, interlaced: true)); // its rows are known at its end alone
        File.Copy(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"), Path.Combine(folder, "c-small.png"));
        File.Copy(Path.Combine(folder, "b-whole.png"), Path.Combine(folder, "d-whole.png"));
        (int code, string output, string error) = Limited("batch", folder, "--max-error-rate", "1", "-q");
        Assert.True(code == 0, error);
        JsonElement[] records = [.. output.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(4, records.Length);
        foreach (int i in (int[])[0, 2])
            Assert.True(records[i].TryGetProperty("text", out _), output);
        foreach (int i in (int[])[1, 3])
            Assert.Matches("9800 x 9800 pixels that takes 27[0-9] MB of memory to decode", records[i].GetProperty("error").ToString());
    }

    /// <summary>Whether a picture fits must not depend on the pictures before it, which leave the memory in pieces.</summary>
    [Fact]
    public void Large_pictures_among_small_ones_all_fit_in_256_mebibytes()
    {
        using var scratch = new TemporaryFolder();
        string folder = scratch.At("pictures"), cake = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");
        Directory.CreateDirectory(folder);
        int[] sides = [5500, 6000, 7000, 5500, 6500, 7500]; // 87 to 161 MiB each, and two at a time do not fit
        for (int i = 0; i < sides.Length; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{i}-large.png"), Png(sides[i], sides[i], interlaced: true));
            File.Copy(cake, Path.Combine(folder, $"{i}-small.png"));
        }

        for (int run = 0; run < 3; run++)
        {
            (int code, string output, string error) = Limited("batch", folder, "-q");
            Assert.True(code == 0 && !output.Contains("\"error\"", StringComparison.Ordinal), error + output);
        }
    }

    [Fact]
    public void A_large_picture_in_256_mebibytes_is_captioned_or_an_error_of_one_sentence()
    {
        using var scratch = new TemporaryFolder();
        string large = scratch.At("large.png"), whole = scratch.At("whole.png");
        File.WriteAllBytes(large, Png(8000, 6000, interlaced: false));
        File.WriteAllBytes(whole, Png(9800, 9800, interlaced: true));
        Assert.Equal(0, Limited("caption", large, "-q").Code);
        (int code, string output, string error) = Limited("caption", whole, "-q");
        Assert.Equal((Errors.ExitCodes.Input, ""), (code, output));
        Assert.StartsWith($"vlmsharp: {whole} is a PNG picture of 9800 x 9800 pixels that takes", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_piped_picture_that_does_not_fit_in_memory_is_an_error_of_one_sentence()
    {
        byte[] large = Bmp(8000, 6000);
        const string expected = "Standard input does not fit in the memory that this process may have";
        (int code, string output, string error) = Limited(large, "caption", "-", "-q");
        Assert.Equal((Errors.ExitCodes.Input, ""), (code, output));
        Assert.StartsWith($"vlmsharp: {expected}", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        (code, output, error) = Limited(large, "batch", "-", "--max-error-rate", "1", "-q");
        Assert.Equal(Errors.ExitCodes.TooManyErrors, code); // every item failed
        Assert.Contains(expected, JsonDocument.Parse(output).RootElement.GetProperty("error").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_larger_than_memory_is_refused_with_its_size()
    {
        using var scratch = new TemporaryFolder();
        string file = scratch.At("large.bmp"), data = scratch.At("data.jsonl");
        using (FileStream sparse = File.Create(file)) sparse.SetLength(400 << 20);
        const string expected = "has 419430400 bytes, which do not fit in the memory that this process may have; scale it down";
        Assert.StartsWith($"vlmsharp: {file} {expected}", Limited("caption", file).Error, StringComparison.Ordinal);
        File.WriteAllText(data, """{"image": "large.bmp", "prefix": "caption en", "suffix": "a cake"}""");
        Assert.Contains(expected, Limited("data", "validate", data, "--json").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_picture_is_written_and_drawn_in_256_mebibytes_or_an_error_of_one_sentence()
    {
        using var scratch = new TemporaryFolder();
        string large = scratch.At("large.png"), drawn = scratch.At("drawn.png"), copy = scratch.At("copy.png");
        File.WriteAllBytes(large, Png(8000, 6000, interlaced: false));
        (int code, _, string error) = Limited("preprocess", large, "--size", "0", "-o", copy);
        Assert.True(code == 0, error);
        (code, _, error) = Limited("detect", large, "cat", "--draw", drawn, "-q");
        Assert.Equal(Errors.ExitCodes.Input, code);
        Assert.Contains("8000 x 6000 pixels takes another 138 MB of memory to draw in", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Data_with_pictures_that_do_not_fit_in_memory_is_validated_to_its_end()
    {
        using var scratch = new TemporaryFolder();
        string data = scratch.At("data.jsonl");
        File.WriteAllBytes(scratch.At("a.png"), Png(8000, 6000, interlaced: false));
        File.WriteAllBytes(scratch.At("b.bmp"), Bmp(8000, 6000));
        string[] names = ["a.png", "b.bmp"];
        File.WriteAllLines(data, names.Select(name => $$"""{"image": "{{name}}", "prefix": "caption en", "suffix": "a cake"}"""));
        (int code, string output, string error) = Limited("data", "validate", data);
        Assert.NotEqual(Errors.ExitCodes.Internal, code);
        Assert.Contains("damaged pictures 1)", output + error, StringComparison.Ordinal); // a.png fits alone
    }

    private static (int Code, string Output, string Error) Limited(params string[] args) => Limited([], args);

    private static (int Code, string Output, string Error) Limited(byte[] input, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "vlmsharp.dll"), .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x10000000";
        using Process run = Process.Start(start)!;
        Task<string> output = run.StandardOutput.ReadToEndAsync(), error = run.StandardError.ReadToEndAsync();
        try
        {
            run.StandardInput.BaseStream.Write(input);
            run.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended before it read everything.
        }

        run.WaitForExit();
        return (run.ExitCode, output.Result, error.Result);
    }

    // Black BGR of 8 bits, not compressed.
    private static byte[] Bmp(int width, int height)
    {
        byte[] file = new byte[54 + width * height * 3];
        BitConverter.GetBytes(54).CopyTo(file, 10);
        BitConverter.GetBytes(40).CopyTo(file, 14);
        BitConverter.GetBytes(width).CopyTo(file, 18);
        BitConverter.GetBytes(height).CopyTo(file, 22);
        (file[0], file[1], file[26], file[28]) = ((byte)'B', (byte)'M', 1, 24);
        return file;
    }

    // Black RGB of 8 bits. The rows of the seven passes of Adam7 are as many bytes as the picture, and a filter byte each.
    private static byte[] Png(int width, int height, bool interlaced)
    {
        using var stream = new MemoryStream();
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        byte[] size = [0, 0, (byte)(width >> 8), (byte)width, 0, 0, (byte)(height >> 8), (byte)height];
        Chunk(stream, "IHDR", [.. size, 8, 2, 0, 0, (byte)(interlaced ? 1 : 0)]);
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            var zeros = new byte[1 << 16];
            for (long left = (width * 3L + 5) * height; left > 0; left -= zeros.Length) zlib.Write(zeros);
        }
        Chunk(stream, "IDAT", data.ToArray());
        Chunk(stream, "IEND", []);
        return stream.ToArray();
    }

    private static void Chunk(MemoryStream stream, string name, byte[] data)
    {
        byte[] tagged = [.. Encoding.ASCII.GetBytes(name), .. data];
        byte[] length = BitConverter.GetBytes(data.Length), checksum = BitConverter.GetBytes(Crc(tagged));
        Array.Reverse(length);
        Array.Reverse(checksum);
        stream.Write(length);
        stream.Write(tagged);
        stream.Write(checksum);
    }

    private static uint Crc(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
        }

        return ~crc;
    }
}
