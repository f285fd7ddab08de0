// A program whose managed heap holds a known number of objects of its own types, for the tests of the heap histogram.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;

namespace Shop
{
    public class Book
    {
        public long Number;
    }

    public class Box<T>
    {
        public T Content;

        public class Label
        {
            public int Size;
        }
    }

    public static class Shelf
    {
        static object[] kept;

        public static void Main(string[] arguments)
        {
            int books = int.Parse(arguments[0]), boxes = int.Parse(arguments[1]);
            kept = new object[books + 2 * boxes];
            for (int i = 0; i < books; i++)
                kept[i] = new Book { Number = i };
            for (int i = 0; i < boxes; i++)
            {
                kept[books + i] = new Box<Dictionary<string, int>>();
                kept[books + boxes + i] = new Box<int>.Label();
            }
            File.WriteAllText(arguments[2], "ready");
            // Its starter holds the other end: it ends with it.
            while (Console.In.Read() >= 0)
                Thread.Sleep(1);
            GC.KeepAlive(kept);
        }
    }
}
