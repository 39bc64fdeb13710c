namespace VlmSharp.Training.Data;

/// <summary>COCO captions: each picture is an example, and its captions (usually five) are its answers.</summary>
internal static class CocoCaptionsReader
{
    /// <summary>Reads the file.</summary>
    public static List<TrainingExample> Read(string path, DataOptions options, ExampleCollector found)
    {
        var images = new CocoImages(options.ImageFolder ?? found.Root);
        var captions = new List<(long Image, string Text)>();
        new JsonFile(path).Read(
            new Dictionary<string, Action<System.Text.Json.JsonElement, Range>>
            {
                [CocoImages.Images] = (o, _) => images.Add(o),
                [CocoImages.Annotations] = (o, _) => captions.Add(
                    (JsonFields.Whole(o, "image_id"), JsonFields.RequiredText(o, "caption").Trim())),
            },
            found.Fault);
        var suffixes = new List<string>?[images.All.Count];
        foreach ((long image, string text) in captions)
        {
            if (images.PlaceOf(image) is not (>= 0 and var place))
                found.Fault($"{path} (image {image})", "a caption is for a picture that is not in the list of pictures");
            else if ((suffixes[place] ??= []).Count < DataLimits.Suffixes) suffixes[place]!.Add(text);
            else found.LeaveOut($"captions beyond {DataLimits.Suffixes} of a picture");
        }

        var examples = new List<TrainingExample>();
        foreach ((CocoImage image, List<string>? texts) in images.All.Zip(suffixes))
        {
            if (texts is null)
            {
                found.LeaveOut("pictures without a caption");
                continue;
            }

            var example = new TrainingExample
            {
                Images = [image.Path],
                Prefix = options.Prefix ?? "caption en",
                Suffixes = texts,
                Id = $"{image.Id}",
                File = path,
                StatedSize = image.Size,
            };
            found.Add(example);
            examples.Add(example);
        }

        return examples;
    }
}
