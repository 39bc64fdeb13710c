using System.Text.Json;

namespace VlmSharp.Training.Data;

/// <summary>A picture of a COCO file.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Path">Its file.</param>
/// <param name="Size">Width and height in pixels, or null where the file says nothing.</param>
internal sealed record CocoImage(long Id, string Path, (int Width, int Height)? Size);

/// <summary>The list of pictures of a COCO file (Lin et al. 2014, cocodataset.org/#format-data), in its order.</summary>
/// <param name="folder">The folder of the pictures.</param>
internal sealed class CocoImages(string folder)
{
    public const string Images = "images", Annotations = "annotations", Categories = "categories";

    private readonly Dictionary<long, int> places = [];
    private readonly List<CocoImage> all = [];

    /// <summary>The pictures that were added so far, in the file's order.</summary>
    public IReadOnlyList<CocoImage> All => all;

    /// <summary>Takes an entry of the list.</summary>
    /// <exception cref="FormatException">It is no picture.</exception>
    public void Add(JsonElement o)
    {
        long id = JsonFields.Whole(o, "id");
        string path = ImagePaths.Join(folder, JsonFields.RequiredText(o, "file_name"));
        (int, int)? size = null;
        if (JsonFields.TryGet(o, "width", out _) || JsonFields.TryGet(o, "height", out _))
        {
            int width = (int)JsonFields.Whole(o, "width", 1, DataLimits.Side);
            int height = (int)JsonFields.Whole(o, "height", 1, DataLimits.Side);
            if ((long)width * height > DataLimits.Pixels)
                throw new FormatException($"a picture of {width} x {height} pixels is over the limit of {DataLimits.Pixels} pixels");
            size = (width, height);
        }

        if (!places.TryAdd(id, all.Count)) throw new FormatException($"the id {id} is that of another picture too");
        all.Add(new CocoImage(id, path, size));
    }

    /// <summary>The place of a picture in the list, or -1.</summary>
    public int PlaceOf(long id) => places.GetValueOrDefault(id, -1);
}
