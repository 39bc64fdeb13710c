using System.CommandLine;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp preprocess</c>: writes exactly the bytes that the model sees of a picture.</summary>
internal static class PreprocessCommand
{
    private const int DefaultSize = 224;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A picture; - is one on standard input." };
        Option<int?> size = NumberOption.Create<int>(
            "--size", "S", $"Side of the square in pixels; 0 leaves the decoded picture as it is (default: {DefaultSize}).", "-s");
        var format = new Option<string?>("--format", "-f")
        {
            Description = "ppm (with a header), png, or raw (RGB bytes alone); default: as the file's name ends, else ppm.",
        }.AcceptOnlyFromAmong("ppm", "raw", "png");
        var output = new Option<string>("--output", "-o")
        {
            Description = "Where to write; - is standard output.",
            HelpName = "OUT",
            Required = true,
        };
        var command = new ExampleCommand("preprocess", "Writes exactly the pixels that the model sees of a picture.", """
            The picture is decoded, turned upright by its EXIF orientation, converted to RGB and resized as the model's
            preprocessor does: bicubic, aspect ratio ignored.

            Examples:
              vlmsharp preprocess photo.jpg --size 224 --format png -o seen.png
              vlmsharp preprocess logo.png --background white -o seen.png
              vlmsharp preprocess photo.jpg --size 0 --format raw -o - | sha256sum
            """) { file, size, format, output };
        var reading = new PictureOptionsBinder();
        reading.AddTo(command);
        FileList.RefuseEmpty(file);
        FileList.RefuseEmpty(output);
        command.SetAction(parsed =>
        {
            int side = parsed.GetValue(size) ?? DefaultSize;
            if (side is < 0 or > 16384) throw new UsageException($"--size {side}: give 0 or a number up to 16384.");
            string target = StandardOutput.NameOr(parsed.GetRequiredValue(output)), kind = parsed.GetValue(format) ?? FormatOf(target);
            if (target != StandardOutput.Name) OutputFolder.Require(target, output, kind == "raw" ? null : $".{kind}");
            string path = parsed.GetRequiredValue(file);
            ImageOptions how = reading.Bind(parsed);
            RgbImage image = side > 0 ? PictureInput.LoadResized(path, side, how).Image : PictureInput.Load(path, how);
            if (target == StandardOutput.Name) StandardOutput.Write(stream => Write(image, stream, kind));
            else
            {
                using Stream stream = File.Create(target);
                Write(image, stream, kind);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static void Write(RgbImage image, Stream stream, string kind)
    {
        switch (kind)
        {
            case "raw": stream.Write(image.Pixels); break;
            case "png": PngWriter.Write(image, stream); break;
            default: PpmWriter.Write(image, stream); break;
        }
    }

    private static string FormatOf(string target) =>
        Path.GetExtension(target).ToLowerInvariant() switch { ".png" => "png", ".raw" or ".rgb" => "raw", _ => "ppm" };
}
