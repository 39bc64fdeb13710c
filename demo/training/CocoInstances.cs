using System.Text.Json;

namespace VlmSharp.Scenes;

/// <summary>
/// The things in scenes as COCO instances: <c>images</c>, <c>annotations</c> with boxes in pixels, <c>categories</c>.
/// </summary>
/// <param name="names">The categories; their ids count from 1.</param>
/// <param name="side">The side of the pictures, in pixels.</param>
internal sealed class CocoInstances(IReadOnlyList<string> names, int side)
{
    private readonly Dictionary<string, int> ids =
        names.Index().ToDictionary(name => name.Item, name => name.Index + 1, StringComparer.Ordinal);
    private readonly List<(string File, Scene Scene)> scenes = [];

    /// <summary>Adds a scene.</summary>
    /// <param name="file">Its picture, relative to the file of instances.</param>
    public void Add(string file, Scene scene) => scenes.Add((file, scene));

    /// <summary>Writes the file.</summary>
    public void Save(string path)
    {
        using FileStream stream = File.Create(path);
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteStartArray("images");
        for (int i = 0; i < scenes.Count; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", i);
            json.WriteString("file_name", scenes[i].File);
            json.WriteNumber("width", side);
            json.WriteNumber("height", side);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("annotations");
        int id = 1; // pycocotools treats 0 as no id
        for (int i = 0; i < scenes.Count; i++)
            foreach (Placed placed in scenes[i].Scene.Things.OrderBy(placed => placed.Top).ThenBy(placed => placed.Left))
                Write(json, id++, i, placed);
        json.WriteEndArray();
        json.WriteStartArray("categories");
        for (int i = 0; i < names.Count; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", ids[names[i]]);
            json.WriteString("name", names[i]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, int id, int image, Placed placed)
    {
        json.WriteStartObject();
        json.WriteNumber("id", id);
        json.WriteNumber("image_id", image);
        json.WriteNumber("category_id", ids[placed.Thing.Name]);
        json.WriteStartArray("bbox");
        foreach (int number in (int[])[placed.Left, placed.Top, placed.Width, placed.Height]) json.WriteNumberValue(number);
        json.WriteEndArray();
        json.WriteNumber("area", placed.Width * placed.Height);
        json.WriteNumber("iscrowd", 0);
        json.WriteEndObject();
    }
}
